import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Wanted } from '../../../local/workload/filter.ts';
import { type FoundFile, judgeFiles } from '../../chaos/files.ts';
import type { Nature, TrueRecord } from '../../chaos/objects.ts';
import { TENANTS, withBucket } from '../../chaos/tenants.ts';

const [ACME] = TENANTS.filter(({ tenantId }) => tenantId === 'acme-corp');
const BUCKET = 'acme-corp-logs';
const BODY = Buffer.from('the object');

const recordOf = (at: number, nature: Nature = 'good', level = 'info'): TrueRecord => ({
  timestamp: 1_000 + at,
  message: `line ${at}`,
  application: 'app',
  level,
  podName: 'pod-1',
  nature,
});
const whole = (body = BODY): FoundFile => ({ bucket: BUCKET, key: 'central/k', body });
/** A file with these records, which begins at the first of them. */
const lines = (...which: readonly number[]): FoundFile => ({
  bucket: BUCKET,
  key: `central/k.${String(which[0]).padStart(12, '0')}.ndjson.gz`,
  body: gzipSync(which.map((at) => `${JSON.stringify({ message: `line ${at}`, file: `f ~0.${at}` })}\n`).join('')),
});

function judged(records: readonly TrueRecord[], files: readonly FoundFile[], wanted: Wanted = {}, ended = true) {
  const tenants = ACME ? [withBucket(ACME, wanted)] : [];
  const objects = [{ number: 0, tenantId: 'acme-corp', id: 's3://b/k#e', records, stored: { key: 'k', body: BODY } }];
  const notes: string[] = [];
  const evidence = { objects, tenants, files } as unknown as Parameters<typeof judgeFiles>[0];
  const { events, lost, misrouted, duplicated } = judgeFiles(evidence, ended, (note) => notes.push(note));
  assert.equal(notes.length > 0, lost + misrouted + duplicated > 0);
  return [events, lost, misrouted, duplicated];
}

const GOOD = [recordOf(0), recordOf(1)];
const ODD = [recordOf(0), recordOf(1, 'foreign'), recordOf(2, 'too_old')];

test('an object of good records that are all wanted has to be there byte for byte, and as nothing else', () => {
  assert.deepEqual(judged(GOOD, [whole()]), [2, 0, 0, 0]);
  assert.deepEqual(judged(GOOD, []), [2, 2, 0, 0]);
  assert.deepEqual(judged(GOOD, [whole(Buffer.from('another'))]), [2, 2, 1, 0]);
  assert.deepEqual(judged(GOOD, [whole(), lines(0, 1)]), [2, 0, 1, 0]);
});

test('of any other object each record that is due is in one line of one file', () => {
  assert.deepEqual(judged(ODD, [lines(0, 2)]), [2, 0, 0, 0]);
  assert.deepEqual(judged(ODD, [lines(0), lines(2)]), [2, 0, 0, 0]);
  assert.deepEqual(judged(ODD, [lines(0)]), [2, 1, 0, 0]);
  assert.deepEqual(judged(ODD, [lines(0, 2), lines(2)]), [2, 0, 0, 1]);
  assert.deepEqual(judged(ODD, [lines(0, 1, 2)]), [2, 0, 1, 0]);
  assert.deepEqual(judged(ODD, [whole()]), [2, 2, 1, 0]);
});

test('a delivery of a part gets that part, and what belongs to no object is misrouted', () => {
  const records = [recordOf(0), recordOf(1, 'good', 'error')];
  assert.deepEqual(judged(records, [lines(1)], { minLevel: 'warn' }), [1, 0, 0, 0]);
  assert.deepEqual(judged(records, [lines(0, 1)], { minLevel: 'warn' }), [1, 0, 1, 0]);
  assert.deepEqual(
    judged(records, [lines(1), { ...whole(), key: 'central/other' }], { minLevel: 'warn' }),
    [1, 0, 1, 0],
  );
});

test('before all has ended nothing is lost', () => {
  assert.deepEqual(judged(GOOD, [], {}, false), [2, 0, 0, 0]);
});
