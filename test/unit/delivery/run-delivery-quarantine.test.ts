import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import type { RecordSpec } from '../../support/chunk.ts';
import { countsOf } from '../../support/counts.ts';
import { DELIVERY, failure, messages, NOON_MS, numbered, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

test('quarantine names records by their place in the object, in any chunk', async (t) => {
  const { deps, quarantined } = await setUp(t, {
    records: [...numbered(13), { message: 'x', unparsable: 'broken' }, ...numbered(10)],
  });
  await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.deepEqual(
    quarantined().map(({ record, message }) => [record, message]),
    [[13, 'x']],
  );
});

test('what is not UTF-8 is quarantined byte for byte, and counted whatever becomes of it', async (t) => {
  const [line, foreign, late, good] = ['Stra\xdfe', 'foreign \xe9', 'too old \xff', 'delivered \xfe'].map((text) =>
    Buffer.from(text, 'latin1'),
  ) as [Buffer, Buffer, Buffer, Buffer];
  const spec = (original: Buffer, more: Partial<RecordSpec> = {}): RecordSpec => ({
    message: original.toString(),
    timeMs: NOON_MS,
    original,
    ...more,
  });
  const { deps, logs, metrics, quarantined } = await setUp(t, {
    records: [
      ...numbered(1),
      spec(line, { unparsable: 'broken' }),
      spec(foreign, { fields: { customer_tenant: 'globex' } }),
      spec(late, { timeMs: NOON_MS - 1 }),
      spec(good),
    ],
  });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
  assert.deepEqual(
    quarantined().map(({ record, reason, message, original_base64: original }) => [record, reason, message, original]),
    [
      [1, 'unparsable', 'Stra\ufffde', line.toString('base64')],
      [2, 'foreign_tenant', 'foreign \ufffd', foreign.toString('base64')],
      [3, 'too_old', 'too old \ufffd', late.toString('base64')],
    ],
  );
  const counted = (await metrics.invalidText.get()).values.map(({ labels, value }) => [labels.outcome, value]);
  assert.deepEqual(Object.fromEntries(counted), { delivered: 2, quarantined: 2 });
});

test('records that cannot be kept are not passed over', async (t) => {
  const { deps, s3, item, stored, quarantined } = await setUp(t, {
    records: [...numbered(10), { message: 'x', unparsable: 'broken' }, ...numbered(5, 10)],
  });
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'quarantine-unavailable');
  assert.equal((await item())?.record, 10);
  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(15));
  assert.deepEqual(
    quarantined().map(({ record }) => record),
    [10],
  );
});

test('a quarantine that is away after a batch was accepted repeats no event: only the refused ones are kept later', async (t) => {
  const { deps, logs, s3, stored, quarantined } = await setUp(t, { records: numbered(15) });
  // The stream is found missing first, then each chunk is one batch.
  logs.rejections.push({ tooOldLogEventEndIndex: 2 });
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  const { error } = failure(await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(error.code, 'quarantine-unavailable');

  const result = await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 15, delivered: 13, rejected: 2 }));
  assert.deepEqual(stored(), messages(15), 'this destination keeps what it refuses; each is there once');
  assert.deepEqual(
    quarantined().map(({ record, reason }) => [record, reason]),
    [
      [0, 'too_old'],
      [1, 'too_old'],
    ],
  );
});

test('a drain does not wait for a quarantine that is silent, and repeats nothing for it', async (t) => {
  const { deps, logs, s3, stored, quarantined } = await setUp(t, { records: numbered(5) });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  s3.faults.set(1, { kind: 'silent' });
  const drain = new AbortController();
  const running = runDelivery(deps, TASK, DELIVERY, UNWATCHED, { drain: drain.signal, abort: NEVER.abort });
  await until(() => s3.received.length === 1);
  drain.abort();
  assert.equal(failure(await running).error.code, 'stopping');

  assert.equal((await runDelivery(deps, TASK, DELIVERY, UNWATCHED, NEVER)).kind, 'done');
  assert.deepEqual(stored(), messages(5));
  assert.deepEqual(
    quarantined().map(({ record }) => record),
    [0],
  );
});
