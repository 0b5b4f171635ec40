import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STS } from '../../../../service/core/place.ts';
import { createPlaces } from '../../../../service/run/schedule/places.ts';
import { LOGS_PLACE } from '../../../support/places.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

function setUp() {
  const now = { ms: NOON_MS };
  const changes: string[] = [];
  const places = createPlaces({
    nowMs: () => now.ms,
    probeTimes: { firstMs: 5_000, capMs: 20_000 },
    onChange: (to, { place, tenants }) => changes.push(`${place.service.id} in ${place.region} ${to}, ${tenants}`),
  });
  /** Three tenants get no answer, one after another. */
  const fall = () => {
    for (const tenant of ['a', 'b', 'c']) {
      now.ms += 1;
      places.troubled(LOGS_PLACE, tenant, now.ms);
    }
  };
  return { places, now, changes, fall };
}

test('three tenants without an answer, and nobody with one since, are the trouble of their region', () => {
  const { places, now, changes } = setUp();
  places.troubled(LOGS_PLACE, 'a', now.ms);
  places.troubled(LOGS_PLACE, 'b', now.ms + 1);
  places.troubled({ ...LOGS_PLACE, region: 'us-east-1' }, 'd', now.ms);
  places.troubled({ ...LOGS_PLACE, service: STS }, 'e', now.ms);
  places.troubled(LOGS_PLACE, 'a', now.ms);
  assert.deepEqual([changes, places.held(LOGS_PLACE, 'c')], [[], undefined]);
  places.troubled(LOGS_PLACE, 'c', now.ms + 2);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 3']);
  assert.deepEqual(places.list(), [
    { place: LOGS_PLACE, sinceMs: NOON_MS, againAtMs: NOON_MS + 5_000, state: 'open', tenants: 3 },
  ]);
});

test('where somebody was answered since, everybody has a trouble of their own', () => {
  const { places, now, changes } = setUp();
  places.answered(LOGS_PLACE, 'well');
  places.troubled(LOGS_PLACE, 'a', now.ms);
  places.troubled(LOGS_PLACE, 'b', now.ms);
  now.ms += 1_000;
  places.answered(LOGS_PLACE, 'well');
  places.troubled(LOGS_PLACE, 'c', now.ms + 1);
  places.troubled(LOGS_PLACE, 'd', now.ms + 1);
  assert.deepEqual(changes, []);
  places.troubled(LOGS_PLACE, 'e', now.ms + 1);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 5']);
});

test('everybody is held until the probe is due; one goes, and the others wait for it', () => {
  const { places, now, fall } = setUp();
  fall();
  assert.equal(places.held(LOGS_PLACE, 'other')?.state, 'open');
  now.ms += 5_000;
  assert.equal(places.held(LOGS_PLACE, 'other'), undefined);
  assert.equal(places.enter(LOGS_PLACE), true);
  assert.deepEqual([places.held(LOGS_PLACE, 'another')?.state, places.enter(LOGS_PLACE)], ['probing', false]);
});

test('a tenant that never failed may probe first; those in trouble follow two seconds later', () => {
  const { places, now, fall } = setUp();
  fall();
  now.ms += 5_000;
  assert.equal(places.held(LOGS_PLACE, 'a')?.againAtMs, now.ms + 2_000);
  now.ms += 2_000;
  assert.equal(places.held(LOGS_PLACE, 'a'), undefined);
});

test('a probe without an answer makes the next one wait twice as long, up to the cap; one that did not ask changes nothing', () => {
  const { places, now, fall } = setUp();
  fall();
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    now.ms = places.list()[0]?.againAtMs ?? 0;
    places.enter(LOGS_PLACE);
    places.leave(LOGS_PLACE, false);
    assert.equal(places.held(LOGS_PLACE, 'other'), undefined);
    places.enter(LOGS_PLACE);
    places.leave(LOGS_PLACE, true);
    waits.push((places.list()[0]?.againAtMs ?? 0) - now.ms);
  }
  assert.deepEqual(waits, [10_000, 20_000, 20_000, 20_000]);
});

test('an answer to anybody ends it, and it is told once', () => {
  const { places, changes, fall } = setUp();
  fall();
  places.answered(LOGS_PLACE, 'b');
  places.answered(LOGS_PLACE, 'a');
  assert.deepEqual([places.list(), places.held(LOGS_PLACE, 'c')], [[], undefined]);
  assert.deepEqual(changes, ['logs in eu-west-1 open, 3', 'logs in eu-west-1 closed, 2']);
});

test('a tenant that has no delivery there any more counts no longer', () => {
  const { places, now, changes } = setUp();
  for (const tenant of ['a', 'b']) places.troubled(LOGS_PLACE, tenant, now.ms);
  places.forget(LOGS_PLACE, 'a');
  places.troubled(LOGS_PLACE, 'c', now.ms);
  assert.deepEqual(changes, []);
});
