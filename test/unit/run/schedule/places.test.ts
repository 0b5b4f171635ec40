import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Place } from '../../../../service/core/place.ts';
import { createPlaces } from '../../../../service/run/schedule/places.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const LOGS: Place = { service: 'logs', region: 'eu-west-1' };

function setUp() {
  const now = { ms: NOON_MS };
  const changes: string[] = [];
  const places = createPlaces({
    nowMs: () => now.ms,
    probeTimes: { firstMs: 5_000, capMs: 20_000 },
    onChange: (to, { place, tenants }) => changes.push(`${place.service} in ${place.region} ${to}, ${tenants}`),
  });
  /** Three tenants get no answer, one after another. */
  const fall = () => {
    for (const tenant of ['a', 'b', 'c']) {
      now.ms += 1;
      places.troubled(LOGS, tenant, now.ms);
    }
  };
  return { places, now, changes, fall };
}

test('three tenants without an answer, and nobody with one since, are the trouble of their region', () => {
  const { places, now, changes } = setUp();
  places.troubled(LOGS, 'a', now.ms);
  places.troubled(LOGS, 'b', now.ms + 1);
  places.troubled({ ...LOGS, region: 'us-east-1' }, 'd', now.ms);
  places.troubled({ ...LOGS, service: 'sts' }, 'e', now.ms);
  places.troubled(LOGS, 'a', now.ms);
  assert.deepEqual([changes, places.held(LOGS, 'c')], [[], undefined]);
  places.troubled(LOGS, 'c', now.ms + 2);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 3']);
  assert.deepEqual(places.list(), [
    { place: LOGS, sinceMs: NOON_MS, againAtMs: NOON_MS + 5_000, state: 'open', tenants: 3 },
  ]);
});

test('where somebody was answered since, everybody has a trouble of their own', () => {
  const { places, now, changes } = setUp();
  places.answered(LOGS, 'well');
  places.troubled(LOGS, 'a', now.ms);
  places.troubled(LOGS, 'b', now.ms);
  now.ms += 1_000;
  places.answered(LOGS, 'well');
  places.troubled(LOGS, 'c', now.ms + 1);
  places.troubled(LOGS, 'd', now.ms + 1);
  assert.deepEqual(changes, []);
  places.troubled(LOGS, 'e', now.ms + 1);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 5']);
});

test('everybody is held until the probe is due; one goes, and the others wait for it', () => {
  const { places, now, fall } = setUp();
  fall();
  assert.equal(places.held(LOGS, 'other')?.state, 'open');
  now.ms += 5_000;
  assert.equal(places.held(LOGS, 'other'), undefined);
  assert.equal(places.enter(LOGS), true);
  assert.deepEqual([places.held(LOGS, 'another')?.state, places.enter(LOGS)], ['probing', false]);
});

test('a tenant that never failed may probe first; those in trouble follow two seconds later', () => {
  const { places, now, fall } = setUp();
  fall();
  now.ms += 5_000;
  assert.equal(places.held(LOGS, 'a')?.againAtMs, now.ms + 2_000);
  now.ms += 2_000;
  assert.equal(places.held(LOGS, 'a'), undefined);
});

test('a probe without an answer makes the next one wait twice as long, up to the cap; one that did not ask changes nothing', () => {
  const { places, now, fall } = setUp();
  fall();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    now.ms = places.list()[0]?.againAtMs ?? 0;
    places.enter(LOGS);
    places.leave(LOGS, false);
    assert.equal(places.held(LOGS, 'other'), undefined);
    places.enter(LOGS);
    places.leave(LOGS, true);
    waits.push((places.list()[0]?.againAtMs ?? 0) - now.ms);
  }
  assert.deepEqual(waits, [10_000, 20_000, 20_000, 20_000]);
});

test('an answer to anybody ends it, and it is told once', () => {
  const { places, changes, fall } = setUp();
  fall();
  places.answered(LOGS, 'b');
  places.answered(LOGS, 'a');
  assert.deepEqual([places.list(), places.held(LOGS, 'c')], [[], undefined]);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 3', 'logs in eu-west-1 closed, 2']);
});

test('a tenant that has no delivery there any more counts no longer', () => {
  const { places, now, changes } = setUp();
  for (const tenant of ['a', 'b']) places.troubled(LOGS, tenant, now.ms);
  places.forget(LOGS, 'a');
  places.troubled(LOGS, 'c', now.ms);
  assert.deepEqual(changes, []);
});
