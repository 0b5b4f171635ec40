import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { messageText } from '../../../service/core/plan.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { type DeliveryResult, runDelivery } from '../../../service/delivery/run-delivery.ts';
import { parseDelivery } from '../../../service/destination/parse-delivery.ts';
import { openObject } from '../../../service/object/open.ts';
import { memorySource } from '../../../service/object/source.ts';
import type { RecordSpec } from '../../support/chunk.ts';
import { countsOf } from '../../support/counts.ts';
import { createTestKernel } from '../../support/kernel.ts';
import { NOON_MS, numbered, type Scene, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';

/** A scene whose delivery goes to a bucket that notes what it gets. */
async function withBucket(t: TestContext, initial: Partial<Scene>, attributes: Readonly<Record<string, unknown>> = {}) {
  const scene = await setUp(t, initial);
  const delivery = parseDelivery(
    {
      tenant_id: 'acme',
      type: 's3',
      log_distribution_role_arn: 'arn:aws:iam::111122223333:role/logs',
      bucket_name: 'acme-logs',
      ...attributes,
    },
    { region: 'us-east-1', applicationGroups: {} },
  );
  const got: string[] = [];
  const bucket = { onCopy: async (_signals: typeof NEVER) => {} };
  const deps: { -readonly [K in keyof typeof scene.deps]: (typeof scene.deps)[K] } = {
    ...scene.deps,
    openDestination: () => ({
      copyBytesMax: 0,
      async copy(_source, signals) {
        await bucket.onCopy(signals);
        got.push('the whole object');
      },
      async send(plan, batch) {
        got.push([...batch.events].map((event) => messageText(plan, event)).join(' '));
        return { tooOldBefore: 0, expiredBefore: 0, tooNewFrom: Number.POSITIVE_INFINITY };
      },
    }),
  };
  const run = (signals = NEVER): Promise<DeliveryResult> => runDelivery(deps, TASK, delivery, UNWATCHED, signals);
  return { ...scene, deps, run, got, bucket };
}

const FOREIGN: RecordSpec = { message: 'of globex', timeMs: NOON_MS, fields: { customer_tenant: 'globex' } };

test('an object whose records are all wanted is copied as it is, and every record is counted', async (t) => {
  const { run, got, item, metrics } = await withBucket(t, { records: numbered(25) });
  const counts = countsOf({ read: 25, delivered: 25 });
  assert.deepEqual(await run(), {
    type: 's3',
    place: { service: { id: 's3', name: 'S3' }, region: 'us-east-1' },
    kind: 'done',
    counts,
    format: 'ndjson',
    accepted: true,
  });
  assert.deepEqual(got, ['the whole object']);
  const { state, counts: saved } = (await item('s3')) ?? {};
  assert.deepEqual([state, saved], ['done', counts]);
  assert.equal((await metrics.messageBytes.get()).values[0]?.value, 25 * 'm000'.length);
  assert.deepEqual(
    (await metrics.events.get()).values.map(({ labels, value }) => [labels.outcome, value]),
    [['delivered', 25]],
  );
});

test('a record of another tenant does not travel along: the others are written one by one, and it goes to quarantine', async (t) => {
  const { run, got, quarantined } = await withBucket(t, { records: [...numbered(22), FOREIGN, ...numbered(3, 22)] });
  const result = await run();
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 26, delivered: 25, quarantined: 1 }));
  assert.equal(got.length, 3, 'a batch a chunk');
  assert.equal(
    got.join(' '),
    numbered(25)
      .map(({ message }) => message)
      .join(' '),
  );
  assert.deepEqual(
    quarantined().map(({ reason, record, message }) => [reason, record, message]),
    [['foreign_tenant', 22, 'of globex']],
  );
});

test('a delivery that filters writes the records that it wants', async (t) => {
  const records = numbered(4).map((record, at) => ({ ...record, fields: { log_level: at === 2 ? 'debug' : 'error' } }));
  const { run, got } = await withBucket(t, { records }, { min_log_level: 'info' });
  const result = await run();
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 4, delivered: 3, filtered: 1 }));
  assert.deepEqual(got, ['m000 m001 m003']);
});

test('an object that is too large to be copied is written record by record', async (t) => {
  const { run, got, deps } = await withBucket(t, { records: numbered(3) });
  const { openObject: open } = deps;
  deps.openObject = async (ref, signal) => {
    const object = await open(ref, signal);
    return { ...object, source: memorySource('logs/a', new Uint8Array(1)) };
  };
  const result = await run();
  assert.ok(result.kind === 'done');
  assert.deepEqual([got, result.counts.delivered], [['m000 m001 m002'], 3]);
});

test('an object that is delivered record by record goes on so where it was left, and is not copied on top', async (t) => {
  const drain = new AbortController();
  const { run, got, scene } = await withBucket(t, { records: [FOREIGN, ...numbered(29)] });
  let looks = 0;
  scene.decoder = {
    recordsPerChunk: 10,
    // Once while it is looked at, once for the delivery.
    onChunk: (record) => {
      if (record === 20 && ++looks === 1) drain.abort();
    },
  };
  const first = await run({ drain: drain.signal, abort: NEVER.abort });
  assert.ok(first.kind === 'failed' && first.error.code === 'stopping');
  const second = await run();
  assert.ok(second.kind === 'done');
  assert.deepEqual(second.counts, countsOf({ read: 30, delivered: 29, quarantined: 1 }));
  assert.equal(
    got.join(' '),
    numbered(29)
      .map(({ message }) => message)
      .join(' '),
  );
});

test('a copy that breaks off is nothing but tried again, from the start', async (t) => {
  const { run, got, bucket, item } = await withBucket(t, { records: numbered(25) });
  bucket.onCopy = () => Promise.reject(new Error('no'));
  const first = await run();
  assert.ok(first.kind === 'failed');
  assert.deepEqual([first.error.code, first.accepted, first.counts], ['unexpected', false, countsOf({})]);
  assert.equal((await item('s3'))?.owner, undefined, 'the lease was given back');
  bucket.onCopy = async () => {};
  assert.equal((await run()).kind, 'done');
  assert.deepEqual(got, ['the whole object']);
});

test('the shape that the tenant says its objects have is that of every decoder', async (t) => {
  const { run, deps } = await withBucket(t, { records: [FOREIGN] }, { input_format: 'json-objects' });
  const { openDecoder: open } = deps;
  const asked: unknown[] = [];
  deps.openDecoder = (object, limits, signal, inputFormat) => {
    asked.push(inputFormat);
    return open(object, limits, signal, inputFormat);
  };
  assert.equal((await run()).kind, 'done');
  assert.deepEqual(asked, ['json-objects', 'json-objects'], 'to look at it for a copy, and to deliver it');
});

for (const [what, line] of [
  ['copied', '{"message":"x"}\n'],
  ['written record by record', '{"message":"x","customer_tenant":"globex"}\n'],
] as const) {
  test(`an object that is ${what} leaves nothing of the kernel's memory lent`, async (t) => {
    const kernel = createTestKernel();
    const object = memorySource('logs/a', Buffer.from(line.repeat(100)));
    const { run, deps } = await withBucket(t, {});
    deps.openDecoder = (_object, limits, signal) => openObject(kernel, object, limits, signal);
    assert.equal((await run()).kind, 'done');
    assert.equal(kernel.memory.lent, 0);
  });
}
