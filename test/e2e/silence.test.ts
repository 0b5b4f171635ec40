import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FaultRule } from 'embedded-aws/faults/rule';
import { present } from '../../service/base/present.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Destinations that do not answer: what the others notice, what an operator is told, and how it ends. Needs fault rules. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no fault rules' : false;

const WELL = tenantOf('well');
const SILENT = [tenantOf('silent-a'), tenantOf('silent-b')];
const EU = 'eu-west-1';
const ABROAD = ['a', 'b', 'c', 'd'].map((name) => tenantOf(`abroad-${name}`, { target_region: EU }));
/** The same settings as anywhere, but nobody waits for minutes. */
const IMPATIENT = { PROBE_SECONDS: '1', WORKER_THREADS: '1', REQUEST_TIMEOUT_SECONDS: '3' };
const OBJECTS = 12;
const names = (count: number) => Array.from({ length: count }, (_, at) => `object ${at}`);

async function putAll(pipeline: TestPipeline, tenantId: string, count: number): Promise<void> {
  const put = (message: string) =>
    pipeline.put(keyOf(tenantId, `${message}.log`), JSON.stringify({ message, timestamp: Date.now() }));
  await Promise.all(names(count).map(put));
}

const arrived = async (pipeline: TestPipeline, tenant: typeof WELL) =>
  (await pipeline.logs(tenant)).map(({ message }) => message).sort();

async function tenantStatus(pipeline: TestPipeline, tenantId: string) {
  return (await pipeline.status()).tenants.find(({ tenant }) => tenant === tenantId);
}

const FAULTS: readonly (readonly [what: string, effect: FaultRule['effect'], said: RegExp])[] = [
  ['takes calls and never answers', { kind: 'half-open' }, /CloudWatch Logs/],
  ['resets every connection', { kind: 'reset' }, /ECONNRESET|CloudWatch Logs/],
  [
    'answers 503',
    { kind: 'error', code: 'ServiceUnavailableException', status: 503 },
    /ServiceUnavailableException|CloudWatch Logs/,
  ],
];

for (const [what, effect, said] of FAULTS) {
  test(`two tenants whose account ${what} keep nobody waiting, are told of, and lose nothing`, { skip }, async () => {
    await using pipeline = await startPipeline({ tenants: [WELL, ...SILENT], service: IMPATIENT });
    for (const { accountId } of SILENT) {
      pipeline.cloud?.faults.add({ service: 'logs', action: 'PutLogEvents', account: accountId, effect });
    }
    for (const { tenantId } of SILENT) await putAll(pipeline, tenantId, OBJECTS);
    for (const { tenantId } of SILENT) {
      await until(
        async () => (await tenantStatus(pipeline, tenantId))?.circuits[0],
        `${tenantId} is known to be silent`,
      );
    }
    await putAll(pipeline, WELL.tenantId, OBJECTS);
    await until(async () => (await arrived(pipeline, WELL)).length === OBJECTS, 'the other tenant has its logs');

    for (const { tenantId } of SILENT) {
      await until(
        async () => (await tenantStatus(pipeline, tenantId))?.circuits[0]?.code === 'destination-unavailable',
        `the circuit of ${tenantId} is open`,
      );
      assert.match((await tenantStatus(pipeline, tenantId))?.circuits[0]?.message ?? '', said);
      await until(
        async () => (await tenantStatus(pipeline, tenantId))?.parked.first_dead_letter_at,
        'messages are parked',
      );
      assert.ok((await pipeline.metric('unanswered_seconds', { tenant: tenantId })) > 0);
      assert.ok((await pipeline.metric('parked_messages', { tenant: tenantId })) > 0);
    }

    pipeline.cloud?.faults.clear();
    await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
    for (const tenant of SILENT) assert.deepEqual(await arrived(pipeline, tenant), names(OBJECTS).sort());
    assert.equal(await pipeline.metric('circuit_open'), 0);
    assert.equal(await pipeline.metric('dead_letters_total'), 0);
  });
}

test('a region that answers nobody is one trouble: one probe for all of its tenants, and all go on when it answers', {
  skip,
}, async () => {
  await using pipeline = await startPipeline({
    tenants: [WELL, ...ABROAD],
    // A probe that is refused waits long, so that the calls below are those of the discovery and of few probes.
    service: { ...IMPATIENT, PROBE_SECONDS: '5' },
  });
  const silence = pipeline.cloud?.faults.add({ service: 'logs', resource: `:${EU}:`, effect: { kind: 'half-open' } });
  const [late, ...first] = ABROAD;
  for (const { tenantId } of first) await putAll(pipeline, tenantId, 1);
  await until(async () => (await pipeline.status()).places.length === 1, 'the region is known to be silent');
  assert.deepEqual((await pipeline.status()).places[0]?.place, `CloudWatch Logs in ${EU}`);
  assert.equal(await pipeline.metric('places_unanswered', { service: 'logs', region: EU }), 1);

  const struck = silence?.struck ?? 0;
  await putAll(pipeline, late?.tenantId ?? '', OBJECTS);
  await putAll(pipeline, WELL.tenantId, OBJECTS);
  await until(async () => (await arrived(pipeline, WELL)).length === OBJECTS, 'the tenant elsewhere has its logs');
  assert.ok((silence?.struck ?? 0) - struck <= 4, `${(silence?.struck ?? 0) - struck} calls into a silent region`);

  pipeline.cloud?.faults.clear();
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual((await pipeline.status()).places, []);
  assert.equal(await pipeline.metric('dead_letters_total'), 0);
});

test('an STS that does not answer stops those who need it; those with a session go on', { skip }, async () => {
  const others = [...SILENT, ...['x', 'y'].map((name) => tenantOf(`silent-${name}`))];
  await using pipeline = await startPipeline({ tenants: [WELL, ...others], service: IMPATIENT });
  await putAll(pipeline, WELL.tenantId, 1);
  await until(async () => (await arrived(pipeline, WELL)).length === 1, 'the first tenant has a session');
  pipeline.cloud?.faults.add({ service: 'sts', effect: { kind: 'half-open' } });
  for (const { tenantId } of others) await putAll(pipeline, tenantId, OBJECTS);
  await until(
    async () => (await pipeline.status()).places.some(({ place }) => place.startsWith('STS')),
    'STS is known to be silent',
  );
  await putAll(pipeline, WELL.tenantId, OBJECTS);
  await until(async () => (await arrived(pipeline, WELL)).length === OBJECTS + 1, 'it goes on with its session');

  pipeline.cloud?.faults.clear();
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual((await pipeline.status()).places, [], 'STS answers again');
  for (const tenant of others) assert.deepEqual(await arrived(pipeline, tenant), names(OBJECTS).sort());
});

test("a host's clock that is set back by 20 minutes delays no probe", { skip }, async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'clock-'));
  const setBack = join(folder.path, 'set-back');
  await using pipeline = await startPipeline({
    tenants: SILENT,
    service: {
      ...IMPATIENT,
      NODE_OPTIONS: `--import ${new URL('../chaos/skew.ts', import.meta.url)}`,
      CHAOS_CLOCK_STEP_MS: String(-20 * 60_000),
      CHAOS_CLOCK_STEP_FILE: setBack,
    },
  });
  const effects = [{ kind: 'reset' }, { kind: 'error', code: 'AccessDeniedException', status: 400 }] as const;
  for (const [at, { accountId }] of SILENT.entries()) {
    const effect = present(effects[at], 'an effect');
    pipeline.cloud?.faults.add({ service: 'logs', action: 'PutLogEvents', account: accountId, effect });
  }
  for (const { tenantId } of SILENT) await putAll(pipeline, tenantId, OBJECTS);
  for (const { tenantId } of SILENT) {
    await until(async () => (await tenantStatus(pipeline, tenantId))?.circuits[0], `${tenantId} is in trouble`);
  }
  await writeFile(setBack, '');
  const isSetBack = ({ time }: { readonly time?: unknown }) => Date.parse(String(time)) < Date.now() - 10 * 60_000;
  await until(() => pipeline.service.lines.some(isSetBack), "the service's clock is set back");
  pipeline.cloud?.faults.clear();
  for (const tenant of SILENT) {
    await until(async () => (await arrived(pipeline, tenant)).length === OBJECTS, `${tenant.tenantId} has its logs`);
  }
});
