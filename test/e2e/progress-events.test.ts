import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescribeLogGroupsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { TenantSpec } from '../../local/provision/tenant.ts';
import { PROGRESS_STREAM } from '../../service/core/progress-event.ts';
import { metricsOf } from '../support/emf.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Tenants see in their own accounts how far they are, whatever the service's page says. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not know what log classes can do' : false;
const DAY_MS = 24 * 3_600_000;
const line = (message: string, timestamp: number) => JSON.stringify({ message, timestamp, application: 'web' });

function wanting(tenantId: string): TenantSpec {
  return tenantOf(tenantId, {
    log_group_name: `/tenant-logs/${tenantId}/{application}`,
    log_group_class: 'INFREQUENT_ACCESS',
    service_log_group_name: '/tenant-logs/{tenant_id}/log-distributor',
    progress_events: true,
  });
}

/** Each event as CloudWatch Logs makes metrics of it, read with the customer's own credentials. */
async function toldTo({ deps }: TestPipeline, { accountId, logGroupPrefix }: TenantSpec) {
  const logs = deps.logs(accountId, deps.region);
  const place = { logGroupName: `${logGroupPrefix}/log-distributor`, logStreamName: PROGRESS_STREAM };
  const { events = [] } = await logs
    .send(new GetLogEventsCommand({ ...place, startFromHead: true }))
    .catch((error: Error) => {
      if (error.name !== 'ResourceNotFoundException') throw error;
      return { events: [] };
    });
  return events.map(({ message = '' }) => {
    const metrics = metricsOf(message);
    const values = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    return { values, upToMs: Date.parse(JSON.parse(message).DeliveredUpTo), dimensions: metrics[0]?.dimensions };
  });
}

const sumOf = (told: Awaited<ReturnType<typeof toldTo>>, name: string) =>
  told.reduce((sum, { values }) => sum + (values[name] ?? 0), 0);

test('tenants that want it are told in their own accounts how far they are, idle ones too, and others are not', {
  skip,
}, async () => {
  const busy = wanting('busy');
  const idle = wanting('idle');
  const other = tenantOf('other');
  await using pipeline = await startPipeline({
    tenants: [busy, idle, other],
    service: { PROGRESS_INTERVAL_SECONDS: '1' },
  });
  const lines = [line('one', Date.now()), line('two', Date.now()), line('too new', Date.now() + DAY_MS), 'broken'];
  await pipeline.put(keyOf('busy', 'a.log'), lines.join('\n'));
  await pipeline.put(keyOf('other', 'a.log'), line('other', Date.now()));
  await pipeline.untilObjects(2);
  const doneMs = Date.now();
  await until(async () => sumOf(await toldTo(pipeline, busy), 'EventsDelivered') === 2, 'its events are told');
  await until(async () => (await toldTo(pipeline, busy)).some(({ upToMs }) => upToMs > doneMs), 'the mark moves on');
  await until(async () => (await toldTo(pipeline, idle)).some(({ upToMs }) => upToMs > doneMs), 'an idle one moves');

  const told = await toldTo(pipeline, busy);
  assert.deepEqual(
    ['EventsDelivered', 'EventsRejected', 'EventsQuarantined'].map((name) => sumOf(told, name)),
    [2, 1, 1],
  );
  for (const { values, dimensions } of told) {
    assert.ok((values.DeliveredUpToAge ?? -1) >= 0);
    assert.deepEqual(dimensions, { TenantId: 'busy', Delivery: 'cloudwatch' });
  }
  assert.equal(sumOf(await toldTo(pipeline, idle), 'EventsDelivered'), 0);
  assert.deepEqual(
    (await pipeline.logs(other)).map(({ message }) => message),
    ['other'],
  );

  // CloudWatch Logs makes metrics in groups of this class only.
  const { logGroups = [] } = await pipeline.deps
    .logs(busy.accountId, pipeline.deps.region)
    .send(new DescribeLogGroupsCommand({}));
  assert.deepEqual(
    logGroups.map(({ logGroupName, logGroupClass }) => [logGroupName, logGroupClass]),
    [
      ['/tenant-logs/busy/log-distributor', 'STANDARD'],
      ['/tenant-logs/busy/web', 'INFREQUENT_ACCESS'],
    ],
  );
  assert.equal(await pipeline.metric('progress_events_total', { outcome: 'failed' }), 0);
});

test('a process that is stopped tells what it delivered since it last did', { skip }, async () => {
  const acme = wanting('acme');
  // Once at its start, when it knows nothing of the queue.
  await using pipeline = await startPipeline({ tenants: [acme], service: { PROGRESS_INTERVAL_SECONDS: '3600' } });
  await pipeline.put(keyOf('acme', 'a.log'), line('one', Date.now()));
  await pipeline.untilObjects(1);
  await until(async () => (await pipeline.metric('delivered_up_to_timestamp_seconds')) > 0, 'the queue is known');
  await pipeline.service.stop();
  assert.equal(sumOf(await toldTo(pipeline, acme), 'EventsDelivered'), 1);
});

test('what a tenant cannot be told while its account throttles holds up nothing, and is told later', {
  skip,
}, async () => {
  const acme = wanting('acme');
  await using pipeline = await startPipeline({ tenants: [acme], service: { PROGRESS_INTERVAL_SECONDS: '1' } });
  pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    resource: PROGRESS_STREAM,
    effect: { kind: 'throttle' },
  });
  await pipeline.put(keyOf('acme', 'a.log'), line('one', Date.now()));
  await pipeline.untilObjects(1);
  await until(async () => (await pipeline.metric('progress_events_total', { outcome: 'failed' })) > 1, 'it fails');
  await pipeline.put(keyOf('acme', 'b.log'), line('two', Date.now()));
  await pipeline.untilObjects(2);
  assert.equal(await pipeline.metric('destinations_limited'), 0, 'deliveries are not slowed down for it');
  pipeline.cloud?.faults.clear();
  await until(async () => sumOf(await toldTo(pipeline, acme), 'EventsDelivered') === 2, 'both are told');
});
