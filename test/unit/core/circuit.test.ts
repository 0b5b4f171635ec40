import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isHeld, opened } from '../../../service/core/circuit.ts';

const TIMES = { firstMs: 100, capMs: 350 };

test('a circuit opens for the first interval, counted from now, and remembers when its trouble began', () => {
  assert.deepEqual(opened(undefined, 900, 1_000, TIMES), {
    sinceMs: 900,
    againAtMs: 1_100,
    intervalMs: 100,
    probeBeganMs: undefined,
  });
});

test('trouble again doubles the interval up to the cap, and keeps the beginning', () => {
  let circuit = opened(undefined, 900, 1_000, TIMES);
  const intervals: number[] = [];
  for (let n = 0; n < 3; n++) {
    circuit = opened({ ...circuit, probeBeganMs: 2_000 }, 5_000, 2_000, TIMES);
    intervals.push(circuit.intervalMs);
  }
  assert.deepEqual([intervals, circuit.sinceMs, circuit.probeBeganMs], [[200, 350, 350], 900, undefined]);
});

test('the interval counts from the beginning of a probe, and half of it is rest', () => {
  const circuit = opened(undefined, 0, 0, TIMES);
  const after = (endedMs: number) => opened({ ...circuit, probeBeganMs: 1_000 }, 0, endedMs, TIMES).againAtMs;
  assert.deepEqual([1_000, 1_050, 1_100, 1_150, 9_000].map(after), [1_200, 1_200, 1_200, 1_250, 9_100]);
});

test('it is held until its time has come, and while somebody probes', () => {
  const circuit = opened(undefined, 0, 0, TIMES);
  assert.deepEqual(
    [99, 100].map((nowMs) => isHeld(circuit, nowMs)),
    [true, false],
  );
  assert.equal(isHeld({ ...circuit, probeBeganMs: 500 }, 1_000), true);
});
