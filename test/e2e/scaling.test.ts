import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SATURATED_SHARE } from '../../infra/values/backlog.ts';
import { fetchSamples, sumOf } from '../../local/demo/metrics.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** What autoscaling assumes of the service's metrics, in a running service. Needs fault rules. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no fault rules' : false;

const ONE_THREAD = { WORKER_THREADS: '1', PROBE_SECONDS: '1' };
const SAMPLES = 20;
const MESSAGES = 80;

const line = (message: string) => JSON.stringify({ message, timestamp: Date.now() });

async function putMany(pipeline: TestPipeline, tenantId: string, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, at) => at);
  await Promise.all(numbers.map((at) => pipeline.put(keyOf(tenantId, `${at}.log`), line(`${tenantId} ${at}`))));
}

interface Work {
  readonly saturated: number;
  readonly workable: number;
  readonly ageSeconds: number;
}

async function look(pipeline: TestPipeline): Promise<Work> {
  const samples = await fetchSamples(pipeline.service.url);
  const of = (name: string) => sumOf(samples, `log_distributor_${name}`, {});
  return {
    saturated: of('saturated'),
    workable: of('workable_messages'),
    ageSeconds: of('workable_oldest_age_seconds'),
  };
}

/** As CloudWatch would see it over some minutes: one scrape after another, each when the service has seen something new. */
async function lookAgainAndAgain(pipeline: TestPipeline): Promise<Work[]> {
  const works: Work[] = [];
  while (works.length < SAMPLES) {
    const calls = await pipeline.metric('receives_total');
    works.push(await look(pipeline));
    await until(async () => (await pipeline.metric('receives_total')) > calls, 'the queue was asked again');
  }
  return works;
}

const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const [trouble, tenant] of [
  ['refuses us', tenantOf('acme', { external_id: 'not-what-the-role-asks-for' })],
  ['throttles every call', tenantOf('acme')],
] as const) {
  test(`messages of a tenant that ${trouble} are not workable, and its task is not saturated`, { skip }, async () => {
    await using pipeline = await startPipeline({ tenants: [tenant], service: ONE_THREAD });
    pipeline.cloud?.faults.add({
      service: 'logs',
      action: 'PutLogEvents',
      account: tenant.accountId,
      effect: { kind: 'throttle' },
    });
    await putMany(pipeline, 'acme', MESSAGES);
    await until(async () => (await pipeline.metric('parked_messages', { tenant: 'acme' })) > 0, 'messages are parked');
    const works = await lookAgainAndAgain(pipeline);
    const seen = JSON.stringify(works);
    assert.ok(average(works.map(({ saturated }) => saturated)) < SATURATED_SHARE, seen);
    assert.ok(average(works.map(({ workable }) => workable)) < 1, seen);
    assert.ok((await pipeline.queued()) >= MESSAGES, 'every message still waits');
  });
}

test('messages of a tenant whose account takes a few calls a second are not workable', { skip }, async () => {
  const tenant = tenantOf('acme');
  await using pipeline = await startPipeline({ tenants: [tenant], service: ONE_THREAD });
  pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    account: tenant.accountId,
    effect: { kind: 'throttle', abovePerSecond: 4 },
  });
  await putMany(pipeline, 'acme', 4 * MESSAGES);
  await until(async () => (await pipeline.metric('destinations_limited')) === 1, 'the account has a rate');
  const works = await lookAgainAndAgain(pipeline);
  const seen = JSON.stringify(works);
  assert.ok(average(works.map(({ saturated }) => saturated)) < SATURATED_SHARE, seen);
  assert.ok((await pipeline.queued()) > 0, 'messages still wait');
});

test('messages that wait for slots are workable, with their age, until the backlog is gone', { skip }, async () => {
  const tenants = ['acme', 'globex', 'initech'].map((tenantId) => tenantOf(tenantId));
  await using pipeline = await startPipeline({ tenants, service: ONE_THREAD });
  // Objects take a while to come: their slots are busy, and no tenant is to blame.
  pipeline.cloud?.faults.add({ service: 's3', action: 'GetObject', effect: { kind: 'latency', ms: 150 } });
  await Promise.all(tenants.map(({ tenantId }) => putMany(pipeline, tenantId, MESSAGES)));
  const works: Work[] = [];
  await until(async () => {
    const queued = await pipeline.queued();
    // Towards its end a backlog is none.
    if (queued > MESSAGES) works.push(await look(pipeline));
    return queued === 0;
  }, 'the backlog is gone');
  const seen = JSON.stringify(works);
  assert.ok(works.length > 2, seen);
  assert.ok(average(works.map(({ saturated }) => saturated)) >= SATURATED_SHARE, seen);
  assert.ok(Math.max(...works.map(({ workable }) => workable)) > 1, seen);
  assert.ok(Math.max(...works.map(({ ageSeconds }) => ageSeconds)) > 0, seen);
  await until(async () => (await pipeline.metric('messages_in_flight')) === 0, 'nothing is in flight');
  assert.deepEqual({ ...(await look(pipeline)), workable: 0 }, { saturated: 0, workable: 0, ageSeconds: 0 });
});
