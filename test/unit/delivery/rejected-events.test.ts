import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { REJECTED_STREAM } from '../../../service/core/rejected-place.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import type { RecordSpec } from '../../support/chunk.ts';
import { countsOf } from '../../support/counts.ts';
import { buildDelivery, ITEM } from '../../support/delivery.ts';
import { failure, messages, NOON_MS, numbered, type Scene, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';
import { until } from '../../support/until.ts';

const DAY_MS = 24 * 3_600_000;
const DELIVERY = buildDelivery({ log_stream_name: 's', rejected_events: 's3#rejected' });
const BUCKET = buildDelivery({ type: 's3#rejected', enabled: false, bucket_name: 'acme-logs', bucket_prefix: 'in/' });

const GOOD: RecordSpec = { message: 'good', timeMs: NOON_MS };
const BROKEN: RecordSpec = { message: 'x', unparsable: 'broken' };
const OLD: RecordSpec = { message: 'old', timeMs: NOON_MS - 20 * DAY_MS };
const NEW: RecordSpec = { message: 'new', timeMs: NOON_MS + DAY_MS };

async function start(t: TestContext, initial: Partial<Scene>) {
  const scene = await setUp(t, initial);
  const { deps, s3, logs, metrics } = scene;
  const files = (bucket: string) =>
    Object.fromEntries(
      [...s3.objects]
        .filter(([key]) => key.startsWith(`${bucket}/`))
        .map(([key, bytes]) => [
          key,
          gunzipSync(bytes)
            .toString()
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ]),
    );
  const linesIn = (bucket: string) =>
    Object.values(files(bucket))
      .flat()
      .sort((a, b) => a.record - b.record);
  return {
    ...scene,
    files,
    linesIn,
    run: (signals = NEVER, deliveries = [BUCKET, DELIVERY], task = TASK) =>
      runDelivery(deps, task, DELIVERY, UNWATCHED, signals, deliveries),
    pointers: () =>
      logs.events('acme', ITEM.log_group_name, REJECTED_STREAM).map(({ timestamp, message }) => ({
        timestamp,
        ...JSON.parse(message),
      })),
    keptBy: async () =>
      Object.fromEntries(
        (await metrics.rejectedFiles.get()).values.map(({ labels, value }) => [labels.kept_by, value]),
      ),
  };
}

test('rejected events are in the bucket of the tenant, their places in quarantine, and the log group says so', async (t) => {
  const { logs, run, files, linesIn, pointers, keptBy, stored } = await start(t, {
    records: [OLD, BROKEN, GOOD, { ...GOOD, message: 'late' }, NEW],
  });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  const result = await run();
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 5, delivered: 1, rejected: 3, quarantined: 1 }));
  assert.equal(result.notice, undefined);

  const common = { object: 's3://central/logs/a#e1', delivery: 'acme/cloudwatch' };
  const tooOld = {
    ...common,
    reason: 'too_old',
    detail: 'CloudWatch Logs takes no event that is more than 14 days old',
  };
  const tooNew = {
    ...common,
    reason: 'too_new',
    detail: 'CloudWatch Logs takes no event whose timestamp is more than 2 hours ahead',
  };
  const inBucket = linesIn('acme-logs');
  assert.deepEqual(inBucket, [
    { ...tooOld, record: 0, timestamp: OLD.timeMs, message: 'old' },
    { ...tooOld, record: 2, timestamp: NOON_MS, message: 'good' },
    { ...tooNew, record: 4, timestamp: NEW.timeMs, message: 'new' },
  ]);
  const urls = Object.entries(files('acme-logs')).map(([key, [line]]) => ({ record: line.record, url: `s3://${key}` }));
  const urlOf = (record: number) => urls.find((one) => one.record === record)?.url;
  for (const { url } of urls) {
    assert.match(
      url,
      /^s3:\/\/acme-logs\/in\/log-distributor\/rejected\/tenant_id=acme\/reason=too_(old|new)\/[0-9a-f]{32}\.ndjson\.gz$/,
    );
  }
  assert.deepEqual(linesIn('central'), [
    { ...tooOld, record: 0, timestamp: OLD.timeMs, kept_at: urlOf(0) },
    { ...common, reason: 'unparsable', record: 1, detail: 'broken', message: 'x' },
    { ...tooOld, record: 2, timestamp: NOON_MS, kept_at: urlOf(2) },
    { ...tooNew, record: 4, timestamp: NEW.timeMs, kept_at: urlOf(4) },
  ]);
  const said = (line: { readonly reason: string; readonly detail: string }, record: number, timeMs: number) => ({
    timestamp: NOON_MS,
    log_distributor: 'rejected_events',
    reason: line.reason,
    detail: line.detail,
    events: 1,
    first_timestamp: timeMs,
    last_timestamp: timeMs,
    object: common.object,
    file: urlOf(record),
  });
  assert.deepEqual(pointers(), [
    said(tooOld, 2, NOON_MS),
    said(tooOld, 0, OLD.timeMs ?? 0),
    said(tooNew, 4, NEW.timeMs ?? 0),
  ]);
  assert.deepEqual(await keptBy(), { bucket: 3 });
  assert.ok(stored().includes('late'));
});

test('what fails after the file is written overwrites it, and nothing is said before all of it is kept', async (t) => {
  const { run, s3, files, pointers } = await start(t, { records: [GOOD, OLD, NEW] });
  // The first is the tenant's file, the second its place in quarantine.
  s3.faults.set(2, { kind: 'error', status: 403, code: 'AccessDenied' });
  assert.equal(failure(await run()).error.code, 'quarantine-unavailable');
  assert.deepEqual(pointers(), []);
  assert.equal((await run()).kind, 'done');
  assert.equal(Object.keys(files('acme-logs')).length, 2);
  assert.deepEqual(
    pointers().map(({ reason, events }) => [reason, events]),
    [
      ['too_old', 1],
      ['too_new', 1],
    ],
  );
});

test('an owner that dies before the position is saved has one event more said, the same as before', async (t) => {
  const { run, scene, logs, linesIn, pointers, stored } = await start(t, { records: [GOOD, ...numbered(9), OLD] });
  logs.rejections.push({ tooOldLogEventEndIndex: 1 });
  // The position is saved with the answers before anything is kept; then the table is away, as for a process that is killed.
  let writes = 0;
  scene.onDynamo = ({ input: { UpdateExpression } }) => {
    if (UpdateExpression !== undefined && ++writes > 2) throw new Error('the process is gone');
  };
  assert.equal((await run()).kind, 'failed');
  const [first, ...others] = pointers();
  assert.deepEqual(others, []);
  scene.onDynamo = () => {};
  scene.nowMs += 120_000;
  assert.equal((await run()).kind, 'done');
  const { timestamp, ...said } = first ?? {};
  assert.equal(timestamp, NOON_MS);
  assert.deepEqual(
    pointers().map(({ timestamp: _, ...same }) => same),
    [said, said, { ...said, first_timestamp: OLD.timeMs, last_timestamp: OLD.timeMs, file: pointers()[2]?.file }],
  );
  assert.deepEqual(
    linesIn('acme-logs').map(({ record }) => record),
    [0, 10],
  );
  // This destination keeps what it calls too old.
  assert.deepEqual(
    stored().filter((message) => !message.startsWith('{')),
    ['good', ...messages(9)],
  );
});

test('a drain waits for the event that is being said, so that it is said once', async (t) => {
  const { run, logs, pointers } = await start(t, { records: [OLD] });
  const { promise: wait, resolve } = Promise.withResolvers<void>();
  // The first put finds group and stream missing.
  logs.faults.PutLogEvents.push({ wait: Promise.resolve() }, { wait });
  const drain = new AbortController();
  const running = run({ drain: drain.signal, abort: NEVER.abort });
  await until(() => logs.faults.PutLogEvents.length === 0);
  drain.abort();
  resolve();
  await running;
  assert.notEqual((await run()).kind, 'failed');
  assert.equal(pointers().length, 1);
});

test('a bucket that refuses has its events in quarantine with their text, a notice, and rest for a minute', async (t) => {
  const { run, scene, s3, linesIn, pointers, keptBy } = await start(t, { records: [GOOD, OLD] });
  s3.faults.set(1, { kind: 'error', status: 403, code: 'AccessDenied' });
  const first = await run();
  assert.ok(first.kind === 'done');
  assert.equal(first.notice?.code, 'rejected-events-quarantined');
  assert.match(
    first.notice?.message ?? '',
    /^tenant acme: .*bucket of s3#rejected.*bucket acme-logs.*refuses the call/,
  );
  assert.deepEqual(linesIn('acme-logs'), []);
  assert.deepEqual(
    linesIn('central').map(({ message, kept_at: keptAt }) => [message, keptAt]),
    [['old', undefined]],
  );
  assert.deepEqual(
    pointers().map(({ kept_by: keptBy, file }) => [keptBy, file]),
    [['platform', undefined]],
  );

  const next = (name: string) => ({ ...TASK, ref: { ...TASK.ref, key: `logs/${name}` } });
  const again = await run(NEVER, undefined, next('b'));
  assert.ok(again.kind === 'done');
  assert.equal(again.notice?.code, 'rejected-events-quarantined');
  assert.deepEqual(linesIn('acme-logs'), [], 'the bucket has rest');
  scene.nowMs += 60_001;
  const last = await run(NEVER, undefined, next('c'));
  assert.ok(last.kind === 'done');
  assert.equal(last.notice, undefined);
  assert.deepEqual(
    linesIn('acme-logs').map(({ message }) => message),
    ['old'],
  );
  assert.deepEqual(await keptBy(), { bucket: 1, quarantine: 2 });
});

test('a bucket whose file a drain cuts off has no rest: it refused nothing', async (t) => {
  const { run, s3, linesIn, keptBy } = await start(t, { records: [GOOD, OLD] });
  s3.faults.set(1, { kind: 'silent' });
  const drain = new AbortController();
  const running = run({ drain: drain.signal, abort: NEVER.abort });
  await until(() => s3.received.length === 1);
  drain.abort();
  assert.equal(failure(await running).error.code, 'stopping');
  assert.equal((await run()).kind, 'done');
  assert.deepEqual(
    linesIn('acme-logs').map(({ message }) => message),
    ['old'],
  );
  assert.deepEqual(await keptBy(), { bucket: 1 });
});

test('a delivery that the tenant does not have keeps nothing from being delivered', async (t) => {
  const { run, linesIn } = await start(t, { records: [GOOD, OLD] });
  const result = await run(NEVER, [DELIVERY]);
  assert.ok(result.kind === 'done');
  assert.match(result.notice?.message ?? '', /the tenant has no delivery s3#rejected/);
  assert.deepEqual(
    linesIn('central').map(({ message }) => message),
    ['old'],
  );
});

test('a log group that takes no events of ours keeps nothing from being delivered either', async (t) => {
  const { run, logs, linesIn } = await start(t, { records: [OLD] });
  logs.faults.PutLogEvents.push({ error: 'AccessDeniedException' });
  const result = await run();
  assert.ok(result.kind === 'done');
  assert.equal(result.notice?.code, 'rejected-events-unannounced');
  assert.equal(linesIn('acme-logs').length, 1);
});

test('a log group that does not answer has the event said later, and the file is the same', async (t) => {
  const { run, logs, linesIn, pointers } = await start(t, { records: [OLD] });
  logs.faults.PutLogEvents.push(...Array.from({ length: 12 }, () => ({ error: 'ThrottlingException' })));
  assert.equal(failure(await run()).error.code, 'destination-throttled');
  assert.deepEqual(pointers(), []);
  assert.equal((await run()).kind, 'done');
  assert.equal(linesIn('acme-logs').length, 1);
  assert.equal(pointers().length, 1);
});

test('events of the service go to the group that is named for them', async (t) => {
  const { deps, logs } = await start(t, { records: [OLD] });
  const delivery = buildDelivery({
    log_group_name: '/tenant-logs/acme/{application}',
    service_log_group_name: '/tenant-logs/{tenant_id}/platform',
    rejected_events: 's3#rejected',
  });
  assert.equal((await runDelivery(deps, TASK, delivery, UNWATCHED, NEVER, [delivery, BUCKET])).kind, 'done');
  assert.equal(logs.events('acme', '/tenant-logs/acme/platform', REJECTED_STREAM).length, 1);
});
