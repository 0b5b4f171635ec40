import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { LedgerItem } from '../../../chaos/judge/evidence.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { tenantsWith } from '../../../chaos/tenants-with.ts';
import { createScene, DELIVERY, recordOf, TERM } from './scene.ts';

const BODY = Buffer.from('an object');
const KEY = 'logs/k.log';
const OBJECT = `s3://b/${KEY}#${createHash('md5').update(BODY).digest('hex')}`;
const WHOLE = 'acme-corp/s3';
const WARNINGS = 'acme-corp/s3#warnings';

/** An object of three records of which two are warnings, delivered to a log group and to both kinds of bucket deliveries. */
function createCopied(third: 'good' | 'foreign' = 'good') {
  const records = [recordOf(0), recordOf(1), recordOf(2, third)].map((record, at) => ({
    ...record,
    level: at === 1 ? 'info' : 'warn',
  }));
  const good = third === 'good' ? 3 : 2;
  const scene = createScene(records);
  scene.process('p0', TERM);
  scene.put(records.slice(0, good));
  const tenants = tenantsWith({ exactlyOnce: [], progress: [], rejected: [], copied: ['acme-corp'] });
  const counts = { read: 3, delivered: good, filtered: 0, rejected: 0, quarantined: 3 - good };
  const item = { ...scene.item, object: OBJECT, counts };
  const ledger = [
    item,
    { ...item, delivery: WHOLE },
    { ...item, delivery: WARNINGS, counts: { ...counts, delivered: good - 1, filtered: 1 } },
  ];
  const quarantine = [DELIVERY, WHOLE, WARNINGS].map((delivery) => ({
    object: OBJECT,
    delivery,
    record: 2,
    reason: 'foreign_tenant',
    message: records[2]?.message ?? '',
  }));
  const fileOf = (key: string, body: Uint8Array) => ({ tenantId: 'acme-corp', bucket: 'acme-corp-bucket', key, body });
  const linesOf = (...places: readonly number[]) =>
    gzipSync(
      places
        .map((at) => `${JSON.stringify({ message: records[at]?.message, file: `/var/log/a ~0.${at}` })}\n`)
        .join(''),
    );
  const part = (first: number, ...places: readonly number[]) =>
    fileOf(`warnings/${KEY}.${first}.ndjson.gz`, linesOf(...places));
  const whole = fileOf(`whole/${KEY}`, BODY);
  const verdictOf = (
    change: (items: readonly LedgerItem[]) => readonly LedgerItem[],
    ...files: readonly ReturnType<typeof fileOf>[]
  ) =>
    judge(
      scene.evidence({
        objects: [{ number: 0, tenantId: 'acme-corp', id: OBJECT, announced: true, records }],
        acquisitions: [{ process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 }],
        tenants,
        ledger: change(ledger),
        quarantine: third === 'foreign' ? quarantine : [],
        files,
      }),
    );
  const verdict = (...files: readonly ReturnType<typeof fileOf>[]) => verdictOf((items) => items, ...files);
  return { fileOf, linesOf, part, whole, verdict, verdictOf };
}

test('an object that is in the bucket byte for byte, and the records of a level, are delivered', () => {
  const { part, whole, verdict } = createCopied();
  for (const parts of [[part(0, 0, 2)], [part(0, 0), part(2, 2)]]) {
    const { copied_whole, copied_records, lost, unaccounted, findings } = verdict(whole, ...parts);
    assert.deepEqual([copied_whole, copied_records, lost, unaccounted, findings], [1, 2, 0, 0, []]);
  }
});

test('of an object with a record that must stay behind, the others are there', () => {
  const { fileOf, linesOf, part, whole, verdict } = createCopied('foreign');
  const others = fileOf(`whole/${KEY}.0.ndjson.gz`, linesOf(0, 1));
  const { copied_whole, copied_records, findings } = verdict(others, part(0, 0));
  assert.deepEqual([copied_whole, copied_records, findings], [0, 3, []]);
  assert.deepEqual(verdict(others, part(0, 0), whole).findings, [
    `in the bucket beside what should be there: whole/${KEY} for ${WHOLE}`,
  ]);
});

test('a copy that is not there, or has other bytes, is lost with all of its records', () => {
  const { fileOf, part, verdict } = createCopied();
  const missing = verdict(part(0, 0, 2));
  assert.deepEqual([missing.lost, missing.findings], [3, [`lost: the copy of ${OBJECT} for ${WHOLE} is not there`]]);
  const other = verdict(part(0, 0, 2), fileOf(`whole/${KEY}`, Buffer.from('an objec')));
  assert.deepEqual([other.lost, other.findings], [3, [`lost: the copy of ${OBJECT} for ${WHOLE} has other bytes`]]);
});

for (const [what, parts, lost, unaccounted, finding] of [
  ['a record that is in no file', [[0, 0]], 1, 0, `lost: record 2 of ${OBJECT} for ${WARNINGS}`],
  [
    'a record that the delivery does not take',
    [[0, 0, 1, 2]],
    0,
    1,
    `1 lines that should not be there, or are there twice: ${OBJECT} for ${WARNINGS}`,
  ],
  [
    'a record that is there twice',
    [
      [0, 0, 2],
      [2, 2],
    ],
    0,
    1,
    `1 lines that should not be there, or are there twice: ${OBJECT} for ${WARNINGS}`,
  ],
  ['records in another order', [[0, 2, 0]], 0, 0, `not in the order of the object: ${OBJECT} for ${WARNINGS}`],
] as const) {
  test(`${what} is found`, () => {
    const { part, whole, verdict } = createCopied();
    const found = verdict(whole, ...parts.map(([first, ...places]) => part(first, ...places)));
    assert.deepEqual([found.lost, found.unaccounted, found.findings], [lost, unaccounted, [finding]]);
  });
}

test('a file of no object is found', () => {
  const { fileOf, part, whole, verdict } = createCopied();
  const { unaccounted, findings } = verdict(whole, part(0, 0, 2), fileOf('whole/other', BODY));
  assert.deepEqual([unaccounted, findings], [1, [`in the bucket, and of no object: whole/other for ${WHOLE}`]]);
});

test('a delivery to a bucket must be done in the ledger, with its counts', () => {
  for (const [change, unaccounted] of [
    [(items: readonly LedgerItem[]) => items.filter(({ delivery }) => delivery !== WHOLE), 6],
    [(items: readonly LedgerItem[]) => items.map((item) => ({ ...item, counts: items[0]?.counts ?? {} })), 2],
  ] as const) {
    const { part, whole, verdictOf } = createCopied();
    const found = verdictOf(change, whole, part(0, 0, 2));
    assert.deepEqual([found.lost, found.unaccounted], [0, unaccounted], found.findings.join());
  }
});
