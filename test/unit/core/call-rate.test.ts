import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { advance, answered, beginCallRate, type CallRate, sent } from '../../../service/core/call-rate.ts';
import { holds } from '../../support/property.ts';

/** The processes' clocks tick this often. */
const TICK_MS = 5_000;
/** Whatever is waited for comes within this. */
const PATIENCE_MS = 300_000;
/** A background is tested this often. */
const TEST_MS = 4 * TICK_MS;

/** A law whose calls go at an even rate and are answered at once. */
function setUp(acceptedLately = 0, epochMs = 0) {
  const clock = { ms: 0 };
  const at = () => ({ nowMs: clock.ms, epochMs: epochMs + clock.ms });
  let rate = beginCallRate(acceptedLately, at());
  let credit = 0;
  /** One call; of many, this share is accepted, evenly spread. */
  const call = (acceptedShare: number, perSecond = rate.perSecond) => {
    clock.ms += 1000 / perSecond;
    credit += acceptedShare;
    const taken = credit >= 1 - 1e-9;
    if (taken) credit--;
    rate = sent(advance(rate, at()), at());
    rate = answered(rate, rate.round.id, taken ? 'accepted' : 'refused', at());
  };
  const goOn = (condition: () => boolean, acceptedShare: number, perSecond?: number) => {
    const endMs = clock.ms + PATIENCE_MS;
    while (condition()) {
      call(acceptedShare, perSecond);
      assert.ok(clock.ms <= endMs, 'it comes to an end');
    }
  };
  return {
    clock,
    at,
    call,
    rate: (): CallRate => rate,
    phase: () => rate.phase,
    perSecond: () => rate.perSecond,
    /** Calls until the round is over, by default as fast as the law allows. */
    round(acceptedShare: number, perSecond?: number) {
      const { phase, round } = rate;
      goOn(
        () => rate.phase === phase && rate.round.id <= round.id + (round.settling ? 1 : 0),
        acceptedShare,
        perSecond,
      );
    },
    until(phase: CallRate['phase'], acceptedShare: number) {
      goOn(() => rate.phase !== phase, acceptedShare);
    },
    during(ms: number, acceptedShare: number, perSecond?: number) {
      const endMs = clock.ms + ms;
      goOn(() => clock.ms < endMs, acceptedShare, perSecond);
    },
  };
}

/** Forty calls a second were made, of which this share was accepted. */
function measured(acceptedShare: number) {
  const law = setUp();
  law.round(acceptedShare, 40);
  return law;
}

/** It was found that twenty calls a second are accepted. */
function settled() {
  const law = measured(0.5);
  law.round(1);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 21]);
  law.round(19 / 20);
  return law;
}

test('it measures before it judges: twenty calls at whatever rate they come', () => {
  const law = setUp();
  for (let n = 0; n < 19; n++) law.call(0.5, 200);
  assert.deepEqual([law.phase(), law.perSecond()], ['measuring', 5_000]);
  law.call(0.5, 200);
  assert.equal(law.phase(), 'braking');
});

test('eight calls are enough to measure where each of them is refused', () => {
  const law = setUp();
  for (let n = 0; n < 7; n++) law.call(0, 200);
  assert.equal(law.phase(), 'measuring');
  law.call(0, 200);
  assert.equal(law.phase(), 'running');
});

test('a stray refusal among accepted calls limits the rate to that of before, and no further', () => {
  const law = measured(19 / 20);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 40]);
});

test('where half of the calls are refused, it brakes to less than was accepted', () => {
  const law = measured(0.5);
  assert.deepEqual([law.phase(), law.perSecond()], ['braking', 14]);
});

test('refusals that a brake ends were ours: the rate is what was accepted, and a twentieth more', () => {
  const law = measured(0.5);
  law.round(1);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 21]);
});

test('refusals that a brake does not end are not ours: the rate of before is restored', () => {
  const law = measured(0.5);
  law.round(0.5);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 40]);
});

test('refusals of others lower the rate no more, as long as their share stays the same', () => {
  const law = measured(0.5);
  law.round(0.5);
  // The first brake was on its own; the others' share is looked at again at a tick, when all processes brake.
  law.until('braking', 0.5);
  law.round(0.5);
  law.during(TEST_MS - law.clock.ms - 100, 0.5);
  assert.equal(law.phase(), 'running');
  assert.ok(law.perSecond() >= 40, `${law.perSecond()} a second`);
});

test('others are blamed for three refusals of two accepted calls at most', () => {
  const law = measured(0.25);
  assert.deepEqual([law.phase(), law.perSecond()], ['braking', 7]);
  law.round(0.25);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 25]);
});

test('where nearly everything is refused, the rate is what was accepted, without a brake', () => {
  const law = measured(0.15);
  assert.deepEqual([law.phase(), law.perSecond().toFixed(2)], ['running', '6.30']);
});

test('what was accepted in the second before the first refusal counts as well', () => {
  const law = setUp(20);
  law.round(0, 200);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 21]);
});

test('where there is no lower rate to brake to, it does not brake', () => {
  const law = setUp();
  law.during(120_000, 0, 40);
  assert.equal(law.perSecond(), 1);
  while (law.clock.ms < 240_000) {
    law.call(0.4);
    assert.deepEqual([law.phase(), law.perSecond()], ['running', 1]);
  }
});

test('where little or nothing was accepted so far, the first rate is five calls a second, so that a round says how much is', () => {
  const law = setUp(1);
  law.round(0, 200);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 5]);
  law.round(0.4);
  assert.equal(law.perSecond().toFixed(1), '2.1');
});

test('the rate never falls below one call a second', () => {
  const law = setUp();
  law.during(120_000, 0, 40);
  assert.equal(law.perSecond(), 1);
});

test('from the least rate it doubles, as soon as nothing is refused', () => {
  const law = setUp();
  law.round(0, 200);
  law.during(60_000, 0);
  while (law.rate().round.refused > 0) law.call(1);
  const rates = [1, 2, 3, 4].map(() => {
    law.round(1);
    return law.perSecond();
  });
  assert.deepEqual(rates, [2, 4, 8, 16]);
});

test('while nothing is refused the rate grows by more and more of itself: a twentieth at first, all of it at last', () => {
  const law = settled();
  const growths = [1, 2, 3, 4, 5].map(() => {
    const before = law.perSecond();
    law.round(1);
    return (law.perSecond() / before).toFixed(2);
  });
  assert.deepEqual(growths, ['1.05', '1.15', '1.45', '2.00', '2.00']);
});

test('a low rate grows by a quarter of a call a second at least', () => {
  const law = setUp(1);
  law.round(0, 200);
  law.round(0.4);
  while (law.rate().round.settling) law.call(1);
  law.call(0);
  law.round(1);
  const before = law.perSecond();
  law.round(1);
  assert.equal((law.perSecond() - before).toFixed(2), '0.25');
});

test('a rate that is not used does not grow', () => {
  const law = settled();
  law.during(30_000, 1, 5);
  assert.equal(law.perSecond(), 21);
});

test('what the headroom costs is no reason to fall or to grow', () => {
  const law = settled();
  law.during(60_000, 20 / 21);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', 21]);
});

test('where too much is refused, the rate falls to what was accepted', () => {
  const law = settled();
  law.round(0.5);
  assert.equal(law.phase(), 'running');
  assert.ok(Math.abs(law.perSecond() - 21 * 0.5 * 1.05) < 0.6, `${law.perSecond()} a second`);
});

test('a fall that has helped is followed by the next one, not by a brake', () => {
  const law = settled();
  law.round(0.4);
  const { perSecond } = law.rate();
  law.round(0.8);
  assert.ok(law.perSecond() < perSecond * 0.9, `${law.perSecond()} a second after ${perSecond}`);
  law.during(30_000, 20 / 21);
  assert.equal(law.phase(), 'running');
});

test('where two falls have not helped, it waits for the next tick of the clock, and brakes then', () => {
  const law = settled();
  const rates = [1, 2, 3].map(() => {
    law.round(0.5);
    return law.perSecond();
  });
  const [first = 0, second = 0, third] = rates;
  assert.ok(second < first * 0.6, `${rates}`);
  assert.equal(third, second, 'it waits at the lower rate');
  const tick = Math.ceil(law.clock.ms / TICK_MS) * TICK_MS;
  law.during(tick - 400 - law.clock.ms, 0.5);
  assert.deepEqual([law.phase(), law.perSecond()], ['running', second]);
  law.until('braking', 0.5);
  assert.ok(law.clock.ms >= tick && law.clock.ms < tick + 500, `${law.clock.ms} ms`);
});

test('a brake that has not helped restores the rate of before the first fall', () => {
  const law = settled();
  for (let n = 0; n < 3; n++) law.round(0.5);
  law.until('braking', 0.5);
  law.round(0.5);
  assert.equal(law.phase(), 'running');
  assert.ok(Math.abs(law.perSecond() - 21) < 1.5, `${law.perSecond()} a second`);
});

test('processes brake at the same moment, whenever they were started', () => {
  const brakesAt = [0, 1_234, 4_800].map((epochMs) => {
    const law = setUp(0, epochMs);
    law.round(19 / 20, 40);
    law.until('braking', 0.5);
    return Math.round((epochMs + law.clock.ms) / 200) * 200;
  });
  assert.deepEqual(
    brakesAt.map((ms) => ms % TICK_MS),
    [0, 0, 0],
  );
});

test("the others' share is tested at the next tick, then every twenty seconds, and forgotten when a brake finds none", () => {
  const law = measured(0.5);
  law.round(0.5);
  const tests: number[] = [];
  const depths: string[] = [];
  while (law.clock.ms < 3 * TEST_MS - 1_000) {
    const before = law.phase();
    law.call(law.phase() === 'braking' && law.clock.ms >= 2 * TEST_MS ? 1 : 0.5);
    if (law.phase() === 'braking' && before === 'running') {
      tests.push(Math.floor(law.clock.ms / TICK_MS));
      depths.push((law.perSecond() / law.rate().acceptedPerSecond).toFixed(2));
    }
    if (law.clock.ms < 2 * TEST_MS) assert.ok(law.rate().background.refused > 0);
    else if (law.phase() === 'running') break;
  }
  assert.deepEqual(tests, [1, 4, 8]);
  assert.deepEqual(depths, ['0.70', '0.25', '0.25'], 'the first is quick, the others are deep');
  assert.equal(law.rate().background.refused, 0);
});

test('brakes with the same result add up, the earlier ones at half of their weight', () => {
  const law = measured(0.5);
  law.round(0.5);
  const first = law.rate().background;
  law.until('braking', 0.5);
  const { before } = law.rate();
  law.call(0.5);
  law.round(0.5);
  const { accepted, refused } = law.rate().background;
  const answers = first.accepted / 2 + first.refused / 2 + before.accepted + before.refused;
  // Twenty answers of the second brake itself.
  assert.equal(accepted + refused, answers + 20);
});

test('an answer to a call of an earlier round does not count', () => {
  const law = settled();
  const rate = law.rate();
  assert.equal(answered(rate, rate.round.id - 1, 'refused', law.at()), rate);
});

test('after a great fall it counts from the first answer on: calls that were under way have used up the quota until then', () => {
  const law = measured(0.5);
  const { id } = law.rate().round;
  law.call(0);
  assert.deepEqual([law.phase(), law.rate().round.id, law.rate().round.refused], ['braking', id + 1, 0]);
  law.call(0);
  assert.deepEqual([law.rate().round.id, law.rate().round.refused], [id + 1, 1]);
});

test('a pause of the callers is not taken for a low rate', () => {
  const law = settled();
  law.during(500, 0.5);
  law.clock.ms += 60_000;
  law.round(0.5);
  law.round(0.5);
  assert.ok(law.perSecond() > 9, `${law.perSecond()} a second`);
});

test('whatever is answered and when, the rate is at least one call a second and never more than doubles', () =>
  holds(
    fc.property(
      fc.array(fc.tuple(fc.nat(8_000), fc.nat(100), fc.nat(60)), { maxLength: 40 }),
      fc.nat(100),
      fc.nat(1_000_000),
      (stretches, acceptedLately, epochMs) => {
        const law = setUp(acceptedLately, epochMs);
        let highest = acceptedLately * 1.05;
        for (const [pauseMs, percent, calls] of stretches) {
          law.clock.ms += pauseMs;
          for (let n = 0; n < calls; n++) {
            const { phase, perSecond } = law.rate();
            const used = phase === 'measuring' ? 50 : perSecond;
            highest = Math.max(highest, used);
            law.call(percent / 100, used);
            assert.ok(Number.isFinite(law.perSecond()) && law.perSecond() >= 1);
            if (law.phase() !== 'measuring') assert.ok(law.perSecond() <= highest * 2 + 0.25);
          }
        }
      },
    ),
  ));
