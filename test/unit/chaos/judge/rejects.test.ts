import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { REJECTED_FOLDER, REJECTED_STREAM } from '../../../../service/core/rejected-place.ts';
import type { QuarantinedLine } from '../../../chaos/judge/evidence.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { tenantsWith } from '../../../chaos/tenants-with.ts';
import { ACCOUNT, createScene, DELIVERY, GROUP, OBJECT, recordOf, TERM } from './scene.ts';

const BUCKET = 'acme-corp-bucket';
const KEY = `rejects/${REJECTED_FOLDER}tenant_id=acme-corp/reason=too_old/1.ndjson.gz`;
const URL = `s3://${BUCKET}/${KEY}`;

/** A tenant whose two rejected events are in its bucket, with their places in quarantine, and an event that says where. */
function createRejected() {
  const records = [recordOf(0, 'too_old'), recordOf(1, 'too_old'), recordOf(2)];
  const scene = createScene(records);
  scene.process('p0', TERM);
  scene.put(records.slice(2));
  const requestId = scene.put([]);
  const point = (what: Readonly<Record<string, unknown>>) => {
    const message = JSON.stringify({ log_distributor: 'rejected_events', reason: 'too_old', events: 2, ...what });
    scene.events.push({
      account: ACCOUNT,
      region: 'us-east-1',
      group: GROUP,
      stream: REJECTED_STREAM,
      timestamp: 1,
      message,
      requestId,
    });
  };
  const placeOf = (record: number) => ({ object: OBJECT, delivery: DELIVERY, record, reason: 'too_old' });
  const line = (record: number) => ({ ...placeOf(record), message: records[record]?.message ?? '' });
  const index = (record: number) => ({ ...placeOf(record), kept_at: URL });
  const fileOf = (...lines: readonly object[]) => ({
    tenantId: 'acme-corp',
    bucket: BUCKET,
    key: KEY,
    body: gzipSync(lines.map((one) => `${JSON.stringify(one)}\n`).join('')),
  });
  const tenants = tenantsWith({ exactlyOnce: [], progress: [], rejected: ['acme-corp'], copied: [] });
  const counts = { read: 3, delivered: 1, filtered: 0, rejected: 2, quarantined: 0 };
  const quarantine: readonly QuarantinedLine[] = [index(0), index(1)];
  const good = {
    tenants,
    ledger: [{ ...scene.item, counts }],
    files: [fileOf(line(0), line(1))],
    quarantine,
  };
  const verdict = (more: Partial<typeof good> = {}) => judge(scene.evidence({ ...good, ...more }));
  return { point, line, index, fileOf, verdict };
}

test('rejected events in the tenant’s bucket, with their places in quarantine and an event that tells of the file, are accounted for', () => {
  const { point, verdict } = createRejected();
  point({ file: URL });
  point({ file: URL });
  const { rejected_in_bucket, rejected_in_quarantine, unaccounted, misrouted, findings } = verdict();
  assert.deepEqual([rejected_in_bucket, rejected_in_quarantine, unaccounted, misrouted, findings], [2, 0, 0, 0, []]);
});

test('what the bucket did not take is in quarantine with its text', () => {
  const { point, line, verdict } = createRejected();
  point({ kept_by: 'platform' });
  const { rejected_in_quarantine, findings } = verdict({ files: [], quarantine: [line(0), line(1)] });
  assert.deepEqual([rejected_in_quarantine, findings], [2, []]);
});

test('a rejected event that is in no file and not in quarantine, in a file without its place, or with another text, is not accounted for', () => {
  for (const [what, missing] of Object.entries({
    'in no file': ({ fileOf, line }) => ({ files: [fileOf(line(0))] }),
    'no place in quarantine': ({ index }) => ({ quarantine: [index(0)] }),
    'only its place, and no text': () => ({ files: [] }),
    'another text': ({ fileOf, line }) => ({ files: [fileOf(line(0), { ...line(1), message: 'other' })] }),
    'another file': ({ index }) => ({ quarantine: [index(0), { ...index(1), kept_at: 's3://other' }] }),
  } satisfies Record<string, (scene: ReturnType<typeof createRejected>) => object>)) {
    const scene = createRejected();
    scene.point({ file: URL });
    const { unaccounted, findings } = scene.verdict(missing(scene));
    assert.ok(unaccounted >= 1, what);
    assert.match(
      findings[0] ?? '',
      /^rejected as too_old, and neither in the tenant's bucket nor in quarantine: record \d/,
    );
  }
});

test('what is in a file and was not rejected is found', () => {
  const { point, line, fileOf, verdict } = createRejected();
  point({ file: URL, events: 3 });
  const { unaccounted, findings } = verdict({ files: [fileOf(line(0), line(1), line(2))] });
  assert.deepEqual(
    [unaccounted, findings],
    [1, [`in a file of acme-corp, and not rejected: ${OBJECT} ${DELIVERY} 2 too_old`]],
  );
});

test('a file that nobody tells of, or of which other numbers are told, is found, and so is one that is told of and not there', () => {
  assert.deepEqual(createRejected().verdict().findings, [`nothing tells the tenant of ${URL}`]);
  const wrong = createRejected();
  wrong.point({ file: URL, events: 1 });
  assert.deepEqual(wrong.verdict().findings, [`1 events are told of ${URL}, which has 2`]);
  const gone = createRejected();
  gone.point({ file: URL });
  gone.point({ file: 's3://gone' });
  assert.deepEqual(gone.verdict().findings, ['the tenant is told of a file that is not there: s3://gone']);
});
