import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bucketLimit,
  randomLimit,
  runWorld,
  type World,
  type WorldOptions,
  windowLimit,
} from '../../../support/limits.ts';

/**
 * What rate limits make of whole worlds: destinations with limits, processes of ours, other writers. No real time passes, and
 * everything follows from the seeds.
 */

const SEEDS = ['a', 'b', 'c'];
/** Seconds in which the rate is found; what is measured comes after them. */
const WARM_UP = 10;
const SECONDS = 60;

function worlds(options: (seed: string) => Omit<WorldOptions, 'seed' | 'seconds'>): World[] {
  return SEEDS.map((seed) => runWorld({ ...options(seed), seed, seconds: WARM_UP + SECONDS }));
}

/** The least share of a capacity that was used, and the most refusals for an accepted call, of several worlds. */
function worst(all: readonly World[], perSecond: number) {
  const accepted = (world: World) => world.accepted(WARM_UP, WARM_UP + SECONDS);
  return {
    used: Math.min(...all.map((world) => accepted(world) / (perSecond * SECONDS))),
    refusedPerAccepted: Math.max(...all.map((world) => world.refused(WARM_UP, WARM_UP + SECONDS) / accepted(world))),
  };
}

for (const perSecond of [2, 5, 20, 100, 800]) {
  test(`a destination that takes ${perSecond} calls a second is used up, at few refusals`, () => {
    const callers = perSecond > 100 ? 40 : 16;
    const { used, refusedPerAccepted } = worst(
      worlds(() => ({ limit: bucketLimit(perSecond), callers })),
      perSecond,
    );
    assert.ok(used >= 0.95, `${used} of it`);
    assert.ok(refusedPerAccepted <= 0.25, `${refusedPerAccepted} refused calls for an accepted one`);
  });
}

for (const perSecond of [0.5, 1]) {
  test(`a destination that takes ${perSecond} calls a second is used up, by calls that are hardly more than one a second`, () => {
    const all = worlds(() => ({ limit: bucketLimit(perSecond) }));
    assert.ok(worst(all, perSecond).used >= 0.95);
    for (const world of all) assert.ok(world.refused(WARM_UP, WARM_UP + SECONDS) <= SECONDS);
  });
}

for (const [processes, rates, refusedMax] of [
  [2, [5, 20, 100], 0.6],
  [4, [5, 20, 100], 0.6],
  [16, [100], 1.2],
] as const) {
  for (const perSecond of rates) {
    test(`${processes} processes that know nothing of each other use up ${perSecond} calls a second`, () => {
      const { used, refusedPerAccepted } = worst(
        worlds(() => ({ limit: bucketLimit(perSecond), processes })),
        perSecond,
      );
      assert.ok(used >= 0.95, `${used} of it`);
      assert.ok(refusedPerAccepted <= refusedMax, `${refusedPerAccepted} refused calls for an accepted one`);
    });
  }
}

test('two processes may share as little as two calls a second', () => {
  const { used, refusedPerAccepted } = worst(
    worlds(() => ({ limit: bucketLimit(2), processes: 2 })),
    2,
  );
  assert.ok(used >= 0.9, `${used} of it`);
  assert.ok(refusedPerAccepted <= 0.8, `${refusedPerAccepted} refused calls for an accepted one`);
});

test('processes whose clocks disagree lose nothing but some refused calls', () => {
  const clockOffsetMs = (process: number) => process * 1_234_567;
  const all = worlds(() => ({ limit: bucketLimit(100), processes: 4, clockOffsetMs }));
  const { used, refusedPerAccepted } = worst(all, 100);
  assert.ok(used >= 0.95, `${used} of it`);
  assert.ok(refusedPerAccepted <= 1.5, `${refusedPerAccepted} refused calls for an accepted one`);
});

test('it makes no difference how a limit counts: deep buckets, shallow ones, or whole seconds', () => {
  for (const limit of [() => bucketLimit(20, 5), () => bucketLimit(20, 0.2), () => windowLimit(20)]) {
    const { used, refusedPerAccepted } = worst(
      worlds(() => ({ limit: limit() })),
      20,
    );
    assert.ok(used >= 0.85, `${used} of it`);
    assert.ok(refusedPerAccepted <= 0.3, `${refusedPerAccepted} refused calls for an accepted one`);
  }
});

test('calls that take half a second are limited like those that take a moment', () => {
  const all = worlds(() => ({ limit: bucketLimit(20), latencyMs: [300, 600] }));
  const { used, refusedPerAccepted } = worst(all, 20);
  assert.ok(used >= 0.9, `${used} of it`);
  assert.ok(refusedPerAccepted <= 0.5, `${refusedPerAccepted} refused calls for an accepted one`);
});

for (const processes of [1, 2]) {
  test(`${processes} processes use what other writers leave of a quota, and leave these what they had`, () => {
    const all = worlds(() => ({ limit: bucketLimit(20), others: { perSecond: 15 }, processes }));
    const { used, refusedPerAccepted } = worst(all, 5);
    assert.ok(used >= 0.9, `${used} of what is left`);
    assert.ok(refusedPerAccepted <= 1, `${refusedPerAccepted} refused calls for an accepted one`);
    for (const world of all) {
      const others = world.othersAccepted(WARM_UP, WARM_UP + SECONDS) / (15 * SECONDS);
      assert.ok(others >= 0.95, `the others have ${others} of their batches stored`);
    }
  });
}

for (const [share, used] of [
  [0.1, 0.9],
  [0.5, 0.8],
] as const) {
  test(`refusals of ${share * 100} % at random do not lower the rate`, () => {
    const free = worst(
      worlds(() => ({ limit: () => true })),
      1,
    ).used;
    const all = worlds((seed) => ({ limit: randomLimit(share, seed) }));
    const rate = worst(all, free * (1 - share));
    assert.ok(rate.used >= used, `${rate.used} of what is possible at this share of refusals`);
    // At one half, one call in 4,096 is refused twelve times in a row.
    for (const world of all) assert.ok(world.givenUp <= world.accepted(0, WARM_UP + SECONDS) / 1_000);
  });
}

test('a job of 130 calls takes at most four times as long where half of all calls are refused at random', () => {
  const job = { calls: 130, latencyMs: [100, 200], seconds: 600 } as const;
  for (const seed of SEEDS) {
    const free = runWorld({ ...job, seed, limit: () => true });
    const half = runWorld({ ...job, seed, limit: randomLimit(0.5, seed) });
    assert.ok(half.endedMs <= 4 * free.endedMs, `${half.endedMs} ms instead of ${free.endedMs}`);
  }
});

test('where nine of ten calls are refused, whatever the rate, it is asked about once a second, and takes what it takes', () => {
  for (const world of worlds((seed) => ({ limit: randomLimit(0.9, seed) }))) {
    const accepted = world.accepted(WARM_UP, WARM_UP + SECONDS);
    const calls = accepted + world.refused(WARM_UP, WARM_UP + SECONDS);
    assert.ok(accepted > 0 && calls <= 2 * SECONDS, `${accepted} of ${calls} calls accepted`);
  }
});

/** When the capacity changes, in a world of its own. */
const CHANGE = 60;

/** Seconds after the change until nine tenths of a capacity are used, over two seconds. */
function secondsUntilUsed(world: World, perSecond: number): number {
  for (let second = CHANGE; second < CHANGE + SECONDS; second++) {
    if (world.accepted(second, second + 2) >= 0.9 * 2 * perSecond) return second - CHANGE;
  }
  return Number.POSITIVE_INFINITY;
}

function change(seed: string, from: number, to: number): World {
  const limit = bucketLimit((nowMs) => (nowMs < CHANGE * 1000 ? from : to));
  return runWorld({ limit, seed, seconds: CHANGE + SECONDS, callers: 32 });
}

for (const [from, to] of [
  [20, 2],
  [100, 10],
  [800, 5],
] as const) {
  test(`a fall of the capacity from ${from} to ${to} calls a second is followed`, () => {
    for (const seed of SEEDS) {
      const world = change(seed, from, to);
      const [since, until] = [CHANGE + 20, CHANGE + SECONDS];
      assert.ok(world.accepted(since, until) >= 0.9 * to * (until - since));
      assert.ok(world.refused(since, until) <= 0.5 * world.accepted(since, until));
      const refused = world.refused(CHANGE, CHANGE + 20);
      assert.ok(refused <= 4 * from + 40, `${refused} refused calls until it was found`);
    }
  });
}

for (const [from, to, secondsMax] of [
  [2, 20, 25],
  [5, 200, 25],
] as const) {
  test(`a rise of the capacity from ${from} to ${to} calls a second is found within ${secondsMax} seconds`, () => {
    for (const seed of SEEDS) {
      const seconds = secondsUntilUsed(change(seed, from, to), to);
      assert.ok(seconds <= secondsMax, `after ${seconds} s`);
    }
  });
}

test('a destination that takes nothing is asked once a second and no more, and its return is found within twenty seconds', () => {
  for (const seed of SEEDS) {
    const world = change(seed, 0.0001, 20);
    assert.ok(world.refused(WARM_UP, CHANGE) <= (CHANGE - WARM_UP) * 1.1);
    assert.ok(secondsUntilUsed(world, 20) <= 20);
  }
});

test('what other writers give up is taken within half a minute', () => {
  for (const seed of SEEDS) {
    const others = { perSecond: 30, untilMs: CHANGE * 1000 };
    const world = runWorld({ limit: bucketLimit(20), seed, seconds: CHANGE + SECONDS, others });
    const seconds = secondsUntilUsed(world, 20);
    assert.ok(seconds <= 30, `after ${seconds} s`);
  }
});
