import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import {
  hourName,
  hourOf,
  linkOf,
  parseReceipt,
  type Receipt,
  receiptDocument,
  receiptHash,
  receiptLine,
  receiptStatement,
} from '../../../service/core/receipt.ts';
import { chainProblems } from '../../../service/core/receipt-chain.ts';
import { createLocalSigner, readPublicKeys, signatureProblem } from '../../../service/core/receipt-key.ts';

const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const ED25519 = createLocalSigner(pemOf(generateKeyPairSync('ed25519').privateKey));
const P256 = createLocalSigner(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));

const RECEIPT: Receipt = {
  version: 1,
  tenant: 'acme',
  delivery: 'cloudwatch',
  account: '111122223333',
  region: 'us-east-1',
  number: 1,
  issued: '2026-11-30T22:00:00.000Z',
  interval: 3_600,
  previous: null,
  key: ED25519.keyId,
  replay: null,
  counts: { objects: 1, read: 3, delivered: 2, filtered: 1, rejected: 0, quarantined: 0 },
  objects: [{ id: 's3://central/logs/a#1', read: 3, delivered: 2, covered: true }],
  streams: [
    {
      group: '/acme',
      stream: 'a\nb',
      hours: [{ hour: '2026-11-30T21', events: 2, bytes: 10, digest: '0123456789abcdef0123456789abcdef' }],
    },
  ],
};

async function issue(receipt: Receipt, signer = ED25519) {
  const line = receiptLine({ ...receipt, key: signer.keyId });
  return receiptDocument(line, await signer.sign(receiptStatement(line)));
}

test('a receipt is read back as it was written, and its signature is good, by either kind of key', async () => {
  for (const signer of [ED25519, P256]) {
    const document = parseReceipt(await issue(RECEIPT, signer));
    assert.deepEqual(document.receipt, { ...RECEIPT, key: signer.keyId });
    assert.equal(signatureProblem(document, readPublicKeys(signer.publicKey)), undefined);
  }
});

test('after a rotation a file of both keys verifies the receipts of both, and a file of one only its own', async () => {
  const both = readPublicKeys(`the first\n${ED25519.publicKey}\nthe second\n${P256.publicKey}`);
  const [before, after] = [parseReceipt(await issue(RECEIPT)), parseReceipt(await issue(RECEIPT, P256))];
  assert.deepEqual([signatureProblem(before, both), signatureProblem(after, both)], [undefined, undefined]);
  assert.match(
    signatureProblem(after, readPublicKeys(ED25519.publicKey)) ?? '',
    /no public key of the file has the id/,
  );
});

test('any change of the signed line, and of the signature, shows', async () => {
  const keys = readPublicKeys(ED25519.publicKey);
  const text = await issue(RECEIPT);
  const changes = [
    text.replace('"events":2', '"events":3'),
    text.replace('"tenant":"acme"', '"tenant":"acmf"'),
    text.replace('{"version":1', '{ "version":1'),
    text.replace(/"signature":"./, (part) => `${part.slice(0, -1)}${part.endsWith('A') ? 'B' : 'A'}`),
  ];
  for (const changed of changes) {
    assert.notEqual(changed, text);
    assert.match(signatureProblem(parseReceipt(changed), keys) ?? '', /its signature does not fit/);
  }
  // Under the name of another key that the reader trusts.
  const other = readPublicKeys(ED25519.publicKey + P256.publicKey);
  const renamed = text.replace(ED25519.keyId, P256.keyId);
  assert.match(signatureProblem(parseReceipt(renamed), other) ?? '', /its signature does not fit/);
});

test('what is no receipt is refused with the reason', async () => {
  const text = await issue(RECEIPT);
  const reasons: readonly (readonly [string, RegExp])[] = [
    ['', /not a receipt/],
    ['{}\n{}\n', /not a receipt/],
    ['null\nnull', /not a receipt/],
    [text.split('\n')[0] ?? '', /not signed/],
    [`${text}more`, /not a receipt/],
    [text.replace('{"version":1', '{"version":2'), /newer version/],
    [text.replace('"number":1', '"number":0'), /number/],
    [text.replace('"digest":"0', '"digest":"g'), /digest/],
  ];
  for (const [document, reason] of reasons) assert.throws(() => parseReceipt(document), reason);
});

test('a file of keys may hold public keys for receipts, at least one, and nothing else', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
  assert.throws(() => readPublicKeys('nothing'), /no public key/);
  assert.throws(() => readPublicKeys(rsa.toString()), /neither Ed25519 nor/);
  assert.throws(() => readPublicKeys(pemOf(generateKeyPairSync('ed25519').privateKey)), /a private key/);
  assert.throws(
    () =>
      createLocalSigner(
        generateKeyPairSync('rsa', { modulusLength: 2048 })
          .privateKey.export({ type: 'pkcs8', format: 'pem' })
          .toString(),
      ),
    /neither/,
  );
});

test('hours have names that sort and are read back', () => {
  assert.equal(hourName(0), '1970-01-01T00');
  for (const hour of [0, 1, 496_000, 500_000]) assert.equal(hourOf(hourName(hour)), hour);
});

/** A chain of so many receipts. */
async function chainOf(length: number, change: (receipt: Receipt) => Receipt = (receipt) => receipt) {
  const links = [];
  let previous: string | null = null;
  for (let number = 1; number <= length; number++) {
    const link = linkOf(parseReceipt(await issue(change({ ...RECEIPT, number, previous }))));
    links.push(link);
    previous = link.hash;
  }
  return links;
}

test('a whole chain has no problem, from wherever it is read, in whatever order, with receipts that came twice', async () => {
  const all = await chainOf(5);
  for (const found of [all, all.toReversed(), all.slice(2), [...all, ...all], []]) {
    assert.deepEqual(chainProblems(found), []);
  }
});

test('a hole, a receipt that was put in its place, and a second one of a number show where they are', async () => {
  const all = await chainOf(6);
  const [first, second, third, ...rest] = all;
  assert.ok(first && second && third);
  const others = await chainOf(6, (receipt) => ({ ...receipt, issued: '2026-11-30T23:00:00.000Z' }));
  assert.deepEqual(chainProblems([first, ...rest]), [{ number: 4, problem: 'receipts 2 to 3 are missing before it' }]);
  assert.deepEqual(chainProblems([first, third]), [{ number: 3, problem: 'receipt 2 is missing before it' }]);
  assert.deepEqual(chainProblems([first, second, ...others.slice(2)]), [
    { number: 3, problem: 'it does not follow receipt 2 as it is here' },
  ]);
  assert.deepEqual(chainProblems([...all, ...others.slice(3, 4)]), [
    { number: 4, problem: 'there are two receipts of this number that differ' },
  ]);
  const [renumbered] = await chainOf(1, (receipt) => ({ ...receipt, previous: receiptHash('another') }));
  assert.ok(renumbered);
  assert.deepEqual(chainProblems([renumbered]), [{ number: 1, problem: 'it is the first, and names one before it' }]);
});
