import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { startCloud } from 'embedded-aws';
import { openSigner } from '../../../service/aws/receipt-signer.ts';
import { parseReceipt, receiptDocument, receiptStatement } from '../../../service/core/receipt.ts';
import { readPublicKeys, signatureProblem } from '../../../service/core/receipt-key.ts';
import { placeOf } from '../../support/aws.ts';

const LINE = JSON.stringify({
  version: 1,
  tenant: 'acme',
  delivery: 'cloudwatch',
  account: '111122223333',
  region: 'us-east-1',
  number: 1,
  issued: '2026-11-30T22:00:00.000Z',
  interval: 3_600,
  previous: null,
  key: 'KEY',
  replay: null,
  counts: { objects: 0, read: 0, delivered: 0, filtered: 0, rejected: 0, quarantined: 0 },
  objects: [],
  streams: [],
});

test('a receipt that KMS signs is good, by the public key that KMS tells, in the region of the key', async (t) => {
  const cloud = await startCloud();
  const place = placeOf(cloud.url);
  const kms = new KMSClient({
    endpoint: cloud.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  t.after(async () => {
    kms.destroy();
    await cloud.close();
  });
  for (const KeySpec of ['ECC_NIST_EDWARDS25519', 'ECC_NIST_P256'] as const) {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'SIGN_VERIFY' }));
    const signer = await openSigner(place, KeyMetadata?.Arn ?? '');
    const line = LINE.replace('KEY', signer.keyId);
    const document = parseReceipt(receiptDocument(line, await signer.sign(receiptStatement(line))));
    assert.equal(signatureProblem(document, readPublicKeys(signer.publicKey)), undefined);
  }
});

test('a key that KMS does not let us use is an error that says what the task role needs', async (t) => {
  const cloud = await startCloud();
  t.after(() => cloud.close());
  await assert.rejects(
    openSigner(placeOf(cloud.url), 'arn:aws:kms:us-east-1:111122223333:key/1234'),
    /kms:GetPublicKey with the key of RECEIPT_KEY failed. The task role may not use the KMS key that signs the receipts. Allow kms:GetPublicKey in the policy of .*AccessDenied/,
  );
});

test('a file holds a private key for receipts, or the error says what is wrong with it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signer-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'key.pem');
  const place = placeOf('http://127.0.0.1:1');
  await assert.rejects(openSigner(place, path), /RECEIPT_KEY: .*key.pem holds no key that signs receipts: ENOENT/);
  await writeFile(path, 'nothing');
  await assert.rejects(openSigner(place, path), /RECEIPT_KEY/);
  await writeFile(path, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
  assert.match((await openSigner(place, path)).keyId, /^[0-9a-f]{32}$/);
});
