import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../../service/base/metrics.ts';
import type { DeliveryTrouble } from '../../../../service/run/schedule/circuit-breakers.ts';
import { lookForWork, observeWork, type WorkableDeps } from '../../../../service/run/watch/workable.ts';

interface Scene {
  readonly waiting?: Readonly<Record<string, number>>;
  readonly away?: Readonly<Record<string, number>>;
  readonly troubled?: readonly string[];
  readonly parked?: readonly string[];
  readonly onTrial?: readonly string[];
  readonly paced?: readonly string[];
  readonly oldest?: Readonly<Record<string, number>>;
}

function depsOf(scene: Scene): WorkableDeps {
  const trouble = (tenant: string): DeliveryTrouble => ({
    tenant,
    type: 'cloudwatch',
    state: 'open',
    code: 'role-refused',
    message: '',
    sinceMs: 0,
    againAtMs: 0,
  });
  return {
    scheduler: {
      waitingOf: (tenant) => scene.waiting?.[tenant] ?? 0,
      waitingTenants: () => Object.keys(scene.waiting ?? {}),
    },
    handBacks: { awayByTenant: () => new Map(Object.entries(scene.away ?? {})) },
    breakers: {
      list: () => (scene.troubled ?? []).map(trouble),
      onTrial: (tenant) => (scene.onTrial ?? []).includes(tenant),
    },
    rateLimits: { isPaced: (tenant) => (scene.paced ?? []).includes(tenant) },
    parked: { tenants: () => scene.parked ?? [] },
    oldestMs: (tenant) => scene.oldest?.[tenant],
  };
}

test('objects that wait for a slot and messages that were handed back are workable', () => {
  const work = lookForWork(
    depsOf({ waiting: { acme: 3, globex: 2 }, away: { acme: 40.4, initech: 10 }, oldest: { acme: 900, initech: 700 } }),
  );
  assert.deepEqual(work, { messages: 55, saturated: true, oldestMs: 700 });
});

test('what is only handed back makes a process not saturated', () => {
  assert.deepEqual(lookForWork(depsOf({ away: { acme: 12 }, oldest: { acme: 5 } })), {
    messages: 12,
    saturated: false,
    oldestMs: 5,
  });
});

for (const obstacle of ['troubled', 'parked', 'onTrial', 'paced'] as const) {
  test(`a tenant that is ${obstacle} has no workable messages, and others do`, () => {
    const scene = { waiting: { acme: 9, globex: 1 }, away: { acme: 10_000 }, oldest: { acme: 1, globex: 50 } };
    assert.deepEqual(lookForWork(depsOf({ ...scene, [obstacle]: ['acme'] })), {
      messages: 1,
      saturated: true,
      oldestMs: 50,
    });
  });
}

test('where nothing waits all is zero', async () => {
  const metrics = createMetrics();
  observeWork(metrics, lookForWork(depsOf({})), 1_000);
  for (const gauge of [metrics.workableMessages, metrics.saturated, metrics.workableAge]) {
    assert.deepEqual(
      (await gauge.get()).values.map(({ value }) => value),
      [0],
    );
  }
});

test('the age is that of the oldest, in seconds', async () => {
  const metrics = createMetrics();
  observeWork(metrics, { messages: 3, saturated: true, oldestMs: 20_000 }, 50_000);
  assert.equal((await metrics.workableAge.get()).values[0]?.value, 30);
  assert.equal((await metrics.saturated.get()).values[0]?.value, 1);
});
