import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { ObservedCall } from 'embedded-aws/observer';
import { fetchSamples, sumOf } from '../../local/demo/metrics.ts';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { LOGS_ACTIONS } from '../../service/core/permissions.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** No event twice: processes that are killed and halted, and answers that are lost, at an AWS that shows what it accepted only later. */

const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no faults, and shows at once what it accepted' : false;
const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
/** More batches than calls are under way at once. */
const MESSAGE_BYTES = 9_000_000;
const VISIBLE_AFTER_MS = 1_000;
const SETTINGS = { LEASE_SECONDS: '5', SETTLE_SECONDS: '3', VISIBILITY_TIMEOUT_SECONDS: '10', PROBE_SECONDS: '1' };

const ONCE = { exactly_once: true, log_stream_name: 's' };
const sorted = (events: Iterable<{ readonly timestamp: number; readonly message: string }>) =>
  Array.from(events, ({ timestamp, message }) => `${timestamp} ${message}`).sort();

/** A pipeline with a tenant, and what is to happen right after the n-th put was executed, before its caller hears of it. */
async function setUp() {
  const tenant = tenantOf('acme', ONCE);
  const waiting = new Map<number, () => void>();
  let puts = 0;
  const executed = ({ action }: ObservedCall, status: number) => {
    if (action === 'PutLogEvents' && status === 200) waiting.get(++puts)?.();
  };
  const pipeline = await startPipeline({
    tenants: [tenant],
    service: SETTINGS,
    cloud: { logsVisibleAfterMs: () => VISIBLE_AFTER_MS, observer: { executed, answered() {} } },
  });
  const source = createRecordSource({ seed: 'once', tenantId: 'acme', clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, MESSAGE_BYTES, NOW_MS - 60_000, NOW_MS);
  return {
    pipeline,
    tenant,
    records,
    atPut: (nth: number, act: () => void) => waiting.set(nth, act),
    put: async () => pipeline.put(keyOf('acme', 'one.ndjson.gz'), await encodeRecords(records, 'ndjson+gzip')),
    held: () => [...(pipeline.cloud?.logs.read({ account: tenant.accountId }) ?? [])],
    done: () =>
      until(async () => (await pipeline.ledger()).some(({ state }) => state === 'done'), 'the delivery is done'),
    async [Symbol.asyncDispose]() {
      await pipeline[Symbol.asyncDispose]();
    },
  };
}

/** Whatever became of calls, the books say what is there. */
async function checkBooks(pipeline: TestPipeline, delivered: number): Promise<void> {
  const [item] = await pipeline.ledger();
  assert.deepEqual(item?.counts, { read: delivered, delivered, filtered: 0, rejected: 0, quarantined: 0 });
}

suite('exactly once', { skip }, () => {
  test('answers that are lost: what was executed is found, and nothing is sent twice', async () => {
    await using scene = await setUp();
    const { pipeline, records } = scene;
    const strike = (nth: number, effect: 'lose-answer' | 'reset' | 'error') =>
      pipeline.cloud?.faults.add({
        action: 'PutLogEvents',
        nth,
        effect:
          effect === 'lose-answer'
            ? { kind: 'lose-answer' }
            : effect === 'reset'
              ? { kind: 'reset', when: 'after' }
              : { kind: 'error', code: 'InternalFailure' },
      });
    // The first put finds no stream.
    strike(2, 'lose-answer');
    strike(3, 'reset');
    // Not executed, but nobody can tell from the answer.
    strike(4, 'error');
    await scene.put();
    await scene.done();
    assert.deepEqual(sorted(scene.held()), sorted(records));
    await checkBooks(pipeline, records.length);
    const batches = (outcome: string) => pipeline.metric('read_back_batches_total', { outcome });
    assert.deepEqual([await batches('there'), await batches('missing'), await batches('partly')], [2, 1, 0]);
    assert.ok((await pipeline.metric('read_back_events_total', { outcome: 'found' })) > 0);
  });

  test('a process that is killed between a call and its answer: who takes over sends only what is not there', async () => {
    await using scene = await setUp();
    const { pipeline, records } = scene;
    scene.atPut(2, () => process.kill(pipeline.service.pid, 'SIGKILL'));
    await scene.put();
    await pipeline.service.ended;
    const before = scene.held().length;
    assert.ok(before > 0 && before < records.length, `${before} of ${records.length} events are there`);
    await pipeline.startService();
    await scene.done();
    assert.deepEqual(sorted(scene.held()), sorted(records));
    await checkBooks(pipeline, records.length);
  });

  test('a process that is halted beyond its lease sends nothing when it wakes, and another has read back', async () => {
    await using scene = await setUp();
    const { pipeline, records } = scene;
    const halted = pipeline.service.pid;
    scene.atPut(2, () => process.kill(halted, 'SIGSTOP'));
    await scene.put();
    await until(async () => scene.held().length > 0, 'some events are there');
    await pipeline.startService();
    try {
      await scene.done();
    } finally {
      process.kill(halted, 'SIGCONT');
    }
    // It answers again, and has looked at its lease.
    await until(async () => (await pipeline.metric('objects_total')) > 0, 'the process that was halted has given up');
    assert.deepEqual(sorted(scene.held()), sorted(records));
    await checkBooks(pipeline, records.length);
  });

  test('a filter that changes while an object is half delivered: what is there already is not sent again', async () => {
    await using scene = await setUp();
    const { pipeline, tenant, records } = scene;
    scene.atPut(2, () => process.kill(pipeline.service.pid, 'SIGKILL'));
    await scene.put();
    await pipeline.service.ended;
    const wanted = [...new Set(records.map(({ application }) => application))].slice(0, 3);
    await pipeline.addTenant({
      ...tenant,
      deliveries: [{ type: 'cloudwatch', log_group_name: tenant.logGroupPrefix, ...ONCE, desired_logs: wanted }],
    });
    const { url } = await pipeline.startService();
    await scene.done();
    const due = records.filter(({ application }) => wanted.includes(application));
    const held = sorted(scene.held());
    assert.equal(new Set(held).size, held.length, 'nothing is there twice');
    const there = new Set(held);
    assert.ok(
      sorted(due).every((event) => there.has(event)),
      'what the new filter wants is there',
    );
    const found = sumOf(await fetchSamples(url), 'log_distributor_read_back_events_total', { outcome: 'found' });
    assert.ok(found > 0, 'some of it was there before');
  });

  test('without the permission to read, a delivery in doubt waits, and says what its role needs', async () => {
    await using scene = await setUp();
    const { pipeline, tenant, records } = scene;
    const iam = pipeline.deps.iam(tenant.accountId);
    const role = { RoleName: `LogDistribution-${tenant.tenantId}`, PolicyName: 'WriteLogs' };
    const allow = (Action: readonly string[]) =>
      iam.send(
        new PutRolePolicyCommand({
          ...role,
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Action, Resource: `arn:aws:logs:*:${tenant.accountId}:log-group:*` }],
          }),
        }),
      );
    await iam.send(new DeleteRolePolicyCommand(role));
    await allow(LOGS_ACTIONS);
    pipeline.cloud?.faults.add({ action: 'PutLogEvents', nth: 2, effect: { kind: 'lose-answer' } });
    await scene.put();
    const trouble = await until(
      async () =>
        (await pipeline.status()).tenants
          .flatMap(({ circuits }) => circuits)
          .find(({ code }) => code === 'destination-refused'),
      'the delivery waits for its role',
    );
    assert.match(trouble.message, /logs:GetLogEvents/);
    await allow([...LOGS_ACTIONS, 'logs:GetLogEvents']);
    await scene.done();
    assert.deepEqual(sorted(scene.held()), sorted(records));
  });
});
