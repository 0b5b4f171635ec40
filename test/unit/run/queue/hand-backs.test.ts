import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TENANTS_MAX } from '../../../../service/core/tenants-max.ts';
import { createHandBacks } from '../../../../service/run/queue/hand-backs.ts';

function setUp() {
  const now = { ms: 1_000_000 };
  const handBacks = createHandBacks(() => now.ms);
  /** Hands back so many at once. @returns the longest time away, seconds */
  const handBack = (messages: number, tenant = 'flood') => {
    let last = 0;
    for (let n = 0; n < messages; n++) last = handBacks.handBack(tenant);
    return last;
  };
  /** So many objects are done, one after another. */
  const work = (objects: number, everyMs: number, tenant = 'flood') => {
    for (let n = 0; n < objects; n++) {
      now.ms += everyMs;
      handBacks.done(tenant);
    }
  };
  return { handBacks, now, handBack, work };
}

test('messages that are handed back together come back one after another', () => {
  const { handBacks } = setUp();
  const seconds = Array.from({ length: 400 }, () => handBacks.handBack('flood'));
  assert.equal(seconds[0], 2);
  assert.deepEqual(
    seconds,
    seconds.toSorted((a, b) => a - b),
  );
  assert.equal(seconds.at(-1), 21, 'a twentieth of a second apart, twice as fast as assumed');
});

test('they come back twice as fast as the objects of their tenant are done', () => {
  const { handBack, work, now } = setUp();
  handBack(1_000);
  work(50, 2_000);
  now.ms += 900_000;
  assert.ok(Math.abs(handBack(100) - 100) <= 2, 'a hundred, one a second');
  now.ms += 900_000;
  handBack(1_000);
  work(50, 20);
  now.ms += 900_000;
  assert.ok(handBack(1_000) <= 12, 'a hundred a second');
});

test('a pause without messages that are handed back says nothing about the rate', () => {
  const { handBack, work, now } = setUp();
  handBack(100);
  work(50, 100);
  now.ms += 3_600_000;
  work(3, 600_000);
  assert.ok(handBack(100) <= 7);
});

test('nobody is sent away for longer than a quarter of an hour, nor for less than a second', () => {
  const { handBacks, handBack } = setUp();
  assert.equal(handBack(100_000), 900);
  assert.ok(handBacks.handBack('other') >= 1);
});

test('one tenant does not slow the others: each has a rate of its own', () => {
  const { handBack, handBacks } = setUp();
  handBack(10_000);
  assert.equal(handBacks.handBack('quiet'), 2);
});

test('how many are away is estimated from how long they still are', () => {
  const { handBacks, handBack, now } = setUp();
  assert.equal(handBacks.away, 0);
  handBack(200);
  handBack(100, 'other');
  assert.ok(Math.abs(handBacks.away - 340) <= 2, String(handBacks.away));
  now.ms += 60_000;
  assert.equal(handBacks.away, 0);
});

test('a backlog of hours costs each of its messages few receives', () => {
  const { handBacks, now } = setUp();
  // As one process sees it: an object a second is done, and whoever comes back too early is handed back again.
  const receives: number[] = [];
  const returns = new Map<number, number[]>();
  const startMs = now.ms;
  returns.set(
    0,
    Array.from({ length: 7_200 }, (_, message) => message),
  );
  const waiting: number[] = [];
  for (let second = 0; receives.filter(Boolean).length < 7_200 || waiting.length > 0 || returns.size > 0; second++) {
    now.ms = startMs + second * 1000;
    if (waiting.shift() !== undefined) handBacks.done('flood');
    for (const message of returns.get(second) ?? []) {
      receives[message] = (receives[message] ?? 0) + 1;
      if (waiting.length < 14) {
        waiting.push(message);
        continue;
      }
      const at = second + handBacks.handBack('flood');
      returns.set(at, [...(returns.get(at) ?? []), message]);
    }
    returns.delete(second);
    assert.ok(second < 20_000, 'the backlog does not end');
  }
  assert.ok(Math.max(...receives) < 30, `a message was received ${Math.max(...receives)} times`);
});

test('tenants whose messages were handed back longest ago are forgotten, so that the memory stays bounded', () => {
  const { handBacks, handBack } = setUp();
  for (const tenant of ['early', 'lately']) handBack(1_000, tenant);
  for (let n = 0; n < TENANTS_MAX - 2; n++) handBacks.handBack(`t${n}`);
  handBacks.handBack('lately');
  for (const tenant of ['one too many', 'another']) handBacks.handBack(tenant);
  assert.equal(handBacks.handBack('lately'), 52);
  assert.equal(handBacks.handBack('early'), 2, 'as if it had none');
});

test('what is away is known by tenant, and only of tenants that have some', () => {
  const { handBacks, now, handBack } = setUp();
  handBack(400);
  handBack(40, 'other');
  const away = handBacks.awayByTenant();
  assert.deepEqual([...away.keys()], ['flood', 'other']);
  assert.equal(Math.round((away.get('flood') ?? 0) + (away.get('other') ?? 0)), handBacks.away);
  assert.ok((away.get('flood') ?? 0) > (away.get('other') ?? 0));
  now.ms += 900_000;
  assert.equal(handBacks.awayByTenant().size, 0);
});
