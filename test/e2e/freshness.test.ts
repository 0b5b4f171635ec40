import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { fetchSamples, sumOf } from '../../local/demo/metrics.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Needs fault rules, and an AWS that looks at who is who. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no fault rules' : false;
const CANARY = 'log-distributor-canary';
/** Longer than a poll, so that one comes back empty while the message is away. */
const PROBE = '30';
/** More than a minute: what evidence for an idle queue may lag behind, by design. */
const IDLE_SECONDS = 90;

const upTo = async (pipeline: TestPipeline, tenant: string) =>
  (await pipeline.metric('delivered_up_to_timestamp_seconds', { tenant })) * 1000;

test('the watermark of a tenant stands while an object of it cannot be delivered, and moves on when it is; an idle one moves', {
  skip,
}, async () => {
  const idle = tenantOf('idle');
  const stuck = tenantOf('stuck');
  await using pipeline = await startPipeline({ tenants: [idle, stuck], service: { PROBE_SECONDS: PROBE } });
  const fault = pipeline.cloud?.faults.add({
    service: 'logs',
    account: stuck.accountId,
    effect: { kind: 'error', code: 'AccessDeniedException', status: 400 },
  });
  const line = JSON.stringify({ message: 'm', timestamp: Date.now() });
  await pipeline.put(keyOf('idle', 'a.log'), line);
  const beforeMs = Date.now();
  await pipeline.put(keyOf('stuck', 'a.log'), line);
  const afterMs = Date.now();
  await pipeline.untilObjects(1);
  await until(async () => (await pipeline.metric('circuit_open', { tenant: 'stuck' })) === 1, 'the circuit is open');
  await until(async () => (await upTo(pipeline, 'idle')) > afterMs, 'the idle tenant moves beyond');
  const stands = await upTo(pipeline, 'stuck');
  // Event times have milliseconds; S3's clock here is ours.
  assert.ok(stands >= beforeMs - 1 && stands <= afterMs, `${stands} between ${beforeMs} and ${afterMs}`);
  const shown = (await pipeline.status()).tenants.find(({ tenant }) => tenant === 'stuck');
  assert.equal(Date.parse(shown?.delivered_up_to ?? ''), stands);

  assert.ok((fault?.struck ?? 0) > 0);
  pipeline.cloud?.faults.clear();
  await until(async () => (await pipeline.queued()) === 0, 'the object is delivered');
  await until(async () => (await upTo(pipeline, 'stuck')) > afterMs, 'the watermark moves on');
  const age = (Date.now() - (await upTo(pipeline, 'idle'))) / 1000;
  assert.ok(age < IDLE_SECONDS, `${age} s`);
  assert.equal(await upTo(pipeline, 'made-up'), 0);
});

test('canaries travel the whole way to each tenant, past its filters, from one process of two', { skip }, async () => {
  const plain = tenantOf('plain');
  const picky = tenantOf('picky', { desired_logs: ['api'], min_log_level: 'error' });
  const off = tenantOf('off', { enabled: false });
  await using pipeline = await startPipeline({ tenants: [plain, picky, off] });
  const canaries = { CANARY_INTERVAL_SECONDS: '5', CANARY_BUCKET: pipeline.names.bucket, LEASE_SECONDS: '5' };
  const services = [await pipeline.startService(canaries), await pipeline.startService(canaries)];
  const metric = async (name: string, labels = {}) => {
    const all = await Promise.all([pipeline.service, ...services].map(({ url }) => fetchSamples(url)));
    return all.map((samples) => sumOf(samples, `log_distributor_${name}`, labels));
  };
  const sum = async (...args: Parameters<typeof metric>) => (await metric(...args)).reduce((a, b) => a + b, 0);
  await until(async () => (await sum('canaries_total', { outcome: 'delivered' })) >= 6, 'canaries arrive');

  for (const tenant of [plain, picky]) {
    const events = await pipeline.logs(tenant);
    assert.ok(events.length >= 2, `${tenant.tenantId}: ${events.length}`);
    for (const { message } of events) assert.match(message, /^canary of the log distributor, written at /);
    assert.equal(new Set(events.map(({ message }) => message)).size, events.length, 'each once');
    assert.ok(
      Math.max(...(await metric('canary_delivered_timestamp_seconds', tenantLabel(tenant)))) * 1000 >
        Date.now() - 60_000,
    );
    assert.ok((await sum('canary_written_timestamp_seconds', tenantLabel(tenant))) * 1000 > Date.now() - 60_000);
  }
  assert.deepEqual(await pipeline.logs(off), []);
  const writers = (await metric('canaries_total', { outcome: 'written' })).filter((count) => count > 0);
  assert.equal(writers.length, 1, 'one process writes');
  const { Contents } = await pipeline.deps.s3.send(new ListObjectsV2Command({ Bucket: pipeline.names.bucket }));
  for (const { Key } of Contents ?? []) assert.match(Key ?? '', new RegExp(`/${CANARY}/[^/]+\\.ndjson$`));
  assert.ok((await sum('canary_duration_seconds_count')) >= 6);
  const shown = (await fetch(`${services[0]?.url}/status`).then((answer) => answer.json())) as { tenants: unknown[] };
  assert.ok(shown.tenants.length <= 2);
});

function tenantLabel({ tenantId }: { readonly tenantId: string }) {
  return { tenant: tenantId };
}
