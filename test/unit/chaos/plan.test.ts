import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFaults } from 'embedded-aws/faults/faults';
import { createRandom } from '../../../local/workload/random.ts';
import { namesOf } from '../../chaos/features.ts';
import { fateOf, makeObject, markOf } from '../../chaos/objects.ts';
import { planTrial } from '../../chaos/plan.ts';
import { TENANTS } from '../../chaos/tenants.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

test('a seed makes one plan, and another seed another', () => {
  assert.deepEqual(planTrial('7'), planTrial('7'));
  assert.notDeepEqual(planTrial('7'), planTrial('8'));
});

test('over a hundred seeds everything strikes that can, within bounds, and every rule is one', () => {
  const faults = createFaults({ random: createRandom('x').uniform, nowMs: () => 0 });
  const seen = {
    blows: new Set<string>(),
    effects: new Set<string>(),
    formats: new Set<string>(),
    clocks: 0,
    once: new Set<string>(),
    unannounced: 0,
    features: new Set<string>(),
  };
  for (let seed = 1; seed <= 100; seed++) {
    const { strikes, weather, silences, objects, services, features, refusals } = planTrial(String(seed));
    assert.ok(features.exactlyOnce.length > 0);
    for (const name of namesOf(features)) seen.features.add(name.split(' ', 1)[0] ?? '');
    for (const { rule } of refusals) assert.ok(rule.count, 'a role is taken again');
    for (const tenantId of features.exactlyOnce) seen.once.add(tenantId);
    for (const at of features.unannounced) assert.deepEqual(objects[at]?.againAtMs, [], 'nobody announces it');
    seen.unannounced += features.unannounced.length;
    for (const { rule } of [...weather, ...silences])
      assert.ok(rule.count && !rule.forMs, 'it lasts by calls, not by a clock');
    const silent = strikes.filter(({ blow }) => blow === 'SIGKILL' || blow === 'SECOND');
    assert.ok(silent.length <= 4, 'an object at which five owners died is a dead letter');
    for (const { blow } of strikes) seen.blows.add(blow);
    for (const { rule } of weather) {
      faults.add(rule);
      seen.effects.add(rule.effect.kind);
    }
    faults.clear();
    for (const { format } of objects) seen.formats.add(format);
    seen.clocks += services.filter(({ clock }) => clock.offsetMs !== 0).length;
  }
  assert.deepEqual([...seen.once].sort(), TENANTS.map(({ tenantId }) => tenantId).sort());
  assert.deepEqual([...seen.blows].sort(), ['HALT', 'SECOND', 'SIGKILL', 'SIGTERM']);
  assert.deepEqual([...seen.effects].sort(), [
    'clock',
    'error',
    'expired-token',
    'half-open',
    'latency',
    'lose-answer',
    'reset',
    'slow-body',
    'throttle',
    'truncate-body',
  ]);
  assert.equal(seen.formats.size, 5);
  assert.ok(seen.clocks > 50);
  assert.ok(seen.unannounced > 100);
  assert.deepEqual([...seen.features].sort(), [
    'exactly_once',
    'progress_events',
    'reconcile',
    'refused',
    'rejected_events',
    'replay',
    's3',
    'split_events',
  ]);
});

test('an object is the same for its seed, each record knows its place, and its fate is told for every delivery', async () => {
  const plan = {
    atMs: 0,
    tenantId: 'hooli',
    format: 'ndjson+gzip',
    messageBytes: 100_000,
    odd: true,
    againAtMs: [],
  } as const;
  const object = await makeObject('s', 3, plan, NOON_MS);
  assert.deepEqual(await makeObject('s', 3, plan, NOON_MS), object);
  for (const [at, { message, nature }] of object.records.entries()) {
    if (nature !== 'empty') assert.deepEqual(markOf(message), { object: 3, record: at });
  }
  const natures = new Set(object.records.map(({ nature }) => nature));
  assert.deepEqual([...natures].sort(), ['empty', 'foreign', 'good', 'too_new', 'too_old', 'unparsable']);
  const [all, audit] = TENANTS.find(({ tenantId }) => tenantId === 'hooli')?.truths ?? [];
  assert.ok(all && audit);
  const kinds = (truth: typeof all) => new Set(object.records.map((record) => fateOf(record, truth).kind));
  assert.deepEqual([...kinds(all)].sort(), ['delivered', 'filtered', 'quarantined', 'rejected']);
  assert.deepEqual([...kinds(audit)].sort(), ['delivered', 'filtered', 'quarantined', 'rejected']);
});
