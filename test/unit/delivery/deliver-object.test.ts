import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import type { Replay } from '../../../service/core/replay.ts';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { deliverObject } from '../../../service/delivery/deliver-object.ts';
import type { ObjectTask } from '../../../service/delivery/destination.ts';
import { createItemRules } from '../../../service/destination/parse-delivery.ts';
import { createTenantStore } from '../../../service/tenant/store.ts';
import { ITEM } from '../../support/delivery.ts';
import { TENANT_TABLE } from '../../support/dynamo.ts';
import { LOGS_PLACE } from '../../support/places.ts';
import { numbered, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';

const PLACE = { ...LOGS_PLACE, region: 'us-east-1' };

const ALL = { held: [], watch: UNWATCHED };

/** A scene whose tenants stand in the table. */
async function withTenants(t: TestContext, ...items: Readonly<Record<string, unknown>>[]) {
  const scene = await setUp(t, { records: numbered(3) });
  for (const item of items) {
    await scene.dynamo.put(TENANT_TABLE, {
      ...ITEM,
      log_group_name: `/${item.type}`.replace('#', '/'),
      log_stream_name: 's',
      ...item,
    });
  }
  const tenants = createTenantStore({
    dynamo: scene.dynamo.calls,
    table: TENANT_TABLE,
    rules: createItemRules({ region: 'us-east-1', applicationGroups: {} }),
    nowMs: Date.now,
  });
  const deps = { ...scene.deps, tenants };
  const stored = (group: string) => scene.logs.events('acme', group, 's').map(({ message }) => message);
  return { ...scene, deps, stored };
}

const MESSAGES = ['m000', 'm001', 'm002'];
const DONE = { read: 3, delivered: 3, filtered: 0, rejected: 0, quarantined: 0 };

test('an object goes to every delivery of its tenant; those that are disabled are skipped', async (t) => {
  const { deps, stored } = await withTenants(
    t,
    { type: 'cloudwatch' },
    { type: 'cloudwatch#audit' },
    { type: 'cloudwatch#off', enabled: false },
  );
  assert.deepEqual(await deliverObject(deps, TASK, ALL, NEVER), [
    { type: 'cloudwatch', place: PLACE, kind: 'done', counts: DONE, format: 'ndjson', accepted: true },
    { type: 'cloudwatch#audit', place: PLACE, kind: 'done', counts: DONE, format: 'ndjson', accepted: true },
    { type: 'cloudwatch#off', kind: 'skipped' },
  ]);
  assert.deepEqual(
    [stored('/cloudwatch'), stored('/cloudwatch/audit'), stored('/cloudwatch/off')],
    [MESSAGES, MESSAGES, []],
  );
});

test('the trouble of one delivery costs the others nothing, and only that one is tried again', async (t) => {
  const { deps, stored, logs } = await withTenants(t, { type: 'cloudwatch' }, { type: 'cloudwatch#audit' });
  logs.faults.PutLogEvents.push({ error: 'AccessDeniedException' });
  const first = await deliverObject(deps, TASK, ALL, NEVER);
  assert.deepEqual(
    first.map((result) => [result.type, result.kind === 'failed' ? result.error.code : result.kind]),
    [
      ['cloudwatch', 'destination-refused'],
      ['cloudwatch#audit', 'done'],
    ],
  );
  const second = await deliverObject(deps, TASK, ALL, NEVER);
  assert.deepEqual(
    second.map(({ kind }) => kind),
    ['done', 'duplicate'],
  );
  assert.deepEqual([stored('/cloudwatch'), stored('/cloudwatch/audit')], [MESSAGES, MESSAGES]);
});

test('a delivery that is held is left out without a call to anything of it, and the others go', async (t) => {
  const { deps, stored, item } = await withTenants(t, { type: 'cloudwatch' }, { type: 'cloudwatch#audit' });
  const results = await deliverObject(deps, TASK, { ...ALL, held: ['cloudwatch'] }, NEVER);
  assert.deepEqual(
    results.map(({ type, kind }) => [type, kind]),
    [
      ['cloudwatch', 'held'],
      ['cloudwatch#audit', 'done'],
    ],
  );
  assert.deepEqual([stored('/cloudwatch'), stored('/cloudwatch/audit')], [[], MESSAGES]);
  assert.equal(await item('cloudwatch'), undefined, 'no lease was taken');
});

test('an unknown tenant is a failure before any delivery', async (t) => {
  const { deps } = await withTenants(t);
  const results = await deliverObject(deps, TASK, ALL, NEVER);
  assert.deepEqual(
    results.map((result) => [result.type, result.kind === 'failed' && result.error.code]),
    [['', 'tenant-unknown']],
  );
});

test('valid deliveries are served though another item of the tenant is invalid, and the trouble is told last', async (t) => {
  const { deps, stored } = await withTenants(t, { type: 'cloudwatch' }, { type: 'cloudwatch#bad', enabled: 'yes' });
  const results = await deliverObject(deps, TASK, ALL, NEVER);
  assert.deepEqual(
    results.map((result) => [result.type, result.kind === 'failed' ? result.error.code : result.kind]),
    [
      ['cloudwatch', 'done'],
      ['', 'tenant-invalid'],
    ],
  );
  assert.deepEqual(stored('/cloudwatch'), MESSAGES);
});

test('a tenant that cannot be looked up is a failure to be retried', async (t) => {
  const { deps } = await withTenants(t);
  const error = new DistributorError('tenant-lookup-failed', 'the table is away');
  const tenants = { lookUp: () => Promise.reject(error) };
  assert.deepEqual(await deliverObject({ ...deps, tenants }, TASK, ALL, NEVER), [
    {
      type: '',
      kind: 'failed',
      error,
      counts: { read: 0, delivered: 0, filtered: 0, rejected: 0, quarantined: 0 },
      accepted: false,
    },
  ]);
});

test('a drain between two deliveries leaves the second one for the next process', async (t) => {
  const { deps, scene, stored } = await withTenants(t, { type: 'cloudwatch' }, { type: 'cloudwatch#audit' });
  const drain = new AbortController();
  let opened = 0;
  scene.openObject = async () => {
    opened++;
  };
  const { openDestination } = deps;
  const results = await deliverObject(
    {
      ...deps,
      openDestination: (options) => {
        const destination = openDestination(options);
        return {
          send: async (plan, batch, signals) => {
            const receipt = await destination.send(plan, batch, signals);
            drain.abort();
            return receipt;
          },
        };
      },
    },
    TASK,
    ALL,
    { drain: drain.signal, abort: NEVER.abort },
  );
  assert.deepEqual(
    results.map((result) => (result.kind === 'failed' ? result.error.code : result.kind)),
    ['done', 'stopping'],
  );
  assert.equal(opened, 1);
  assert.deepEqual([stored('/cloudwatch'), stored('/cloudwatch/audit')], [MESSAGES, []]);
});

test('a service that is stopping looks nobody up', async (t) => {
  const { deps } = await withTenants(t, { type: 'cloudwatch' });
  const lookUp = t.mock.fn(deps.tenants.lookUp);
  const signals = { drain: AbortSignal.abort(), abort: NEVER.abort };
  const [result] = await deliverObject({ ...deps, tenants: { lookUp } }, TASK, ALL, signals);
  assert.ok(result?.kind === 'failed');
  assert.equal(result.error.code, 'stopping');
  assert.equal(lookUp.mock.callCount(), 0);
});

test('a canary passes the filters of its tenant, and other objects of the same records do not', async (t) => {
  const { deps, stored } = await withTenants(t, { type: 'cloudwatch', desired_logs: ['api'], min_log_level: 'error' });
  const at = (key: string, version: string) => ({ ...TASK, ref: { ...TASK.ref, key, version } });
  const other = await deliverObject(deps, at('logs/acme/log-distributor-canary.ndjson', 'e1'), ALL, NEVER);
  assert.deepEqual(
    other.map((result) => 'counts' in result && result.counts.filtered),
    [3],
  );
  assert.deepEqual(stored('/cloudwatch'), []);
  await deliverObject(deps, at('logs/acme/log-distributor-canary/2026-01-31T12-00-00-000Z.ndjson', 'e2'), ALL, NEVER);
  assert.deepEqual(stored('/cloudwatch'), MESSAGES);
});

test('in a replay a canary is an object like any other: who asked for an application gets nothing else', async (t) => {
  const { deps, stored } = await withTenants(t, { type: 'cloudwatch' });
  const key = 'logs/acme/log-distributor-canary/2026-01-31T12-00-00-000Z.ndjson';
  const task = { ...TASK, ref: { ...TASK.ref, key, replay: { id: 'r1', application: 'billing' } } };
  const results = await deliverObject(deps, task, ALL, NEVER);
  assert.deepEqual(
    results.map((result) => 'counts' in result && result.counts.filtered),
    [3],
  );
  assert.deepEqual(stored('/cloudwatch'), []);
});

const replayed = (replay: Replay): ObjectTask => ({ ...TASK, ref: { ...TASK.ref, replay } });

test('a replay delivers an object once more, and within it only once', async (t) => {
  const { deps, stored } = await withTenants(t, { type: 'cloudwatch' });
  const kinds: string[] = [];
  for (const task of [TASK, replayed({ id: 'r-1' }), TASK, replayed({ id: 'r-1' }), replayed({ id: 'r-2' })]) {
    for (const { kind } of await deliverObject(deps, task, ALL, NEVER)) kinds.push(kind);
  }
  assert.deepEqual(kinds, ['done', 'done', 'duplicate', 'duplicate', 'done']);
  assert.deepEqual(stored('/cloudwatch').toSorted(), [...MESSAGES, ...MESSAGES, ...MESSAGES].sort());
});

test('a replay of one delivery and of some records leaves the others alone', async (t) => {
  const { deps, stored } = await withTenants(t, { type: 'cloudwatch' }, { type: 'cloudwatch#audit' });
  const task = replayed({ id: 'r-1', delivery: 'cloudwatch#audit', records: [[1, 2]] });
  assert.deepEqual(await deliverObject(deps, task, ALL, NEVER), [
    {
      type: 'cloudwatch#audit',
      place: PLACE,
      kind: 'done',
      counts: { ...DONE, delivered: 1, filtered: 2 },
      format: 'ndjson',
      accepted: true,
    },
  ]);
  assert.deepEqual([stored('/cloudwatch'), stored('/cloudwatch/audit')], [[], ['m001']]);
});

test('a replay of a delivery that the tenant does not have fails for good', async (t) => {
  const { deps } = await withTenants(t, { type: 'cloudwatch' });
  const [result] = await deliverObject(deps, replayed({ id: 'r-1', delivery: 'cloudwatch#gone' }), ALL, NEVER);
  assert.ok(result?.kind === 'failed');
  assert.equal(result.error.code, 'delivery-unknown');
  assert.equal(result.error.disposition, 'dead-letter');
});
