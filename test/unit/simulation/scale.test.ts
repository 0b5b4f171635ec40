import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLags } from '../../simulation/scale/lags.ts';
import { createPolicy, type Minute } from '../../simulation/scale/policy.ts';
import { createCollector, tenantsOf } from '../../simulation/scale/workload.ts';
import { simulateScale } from '../../support/simulate.ts';

const SIZE = { tenants: 1_000, tasks: 10, hours: 1, terabytesPerDay: 1, closeSeconds: 900, objectBytesMax: 64e6 };

test('beside a flood, a silent region and a deployment, nothing is lost, repeated or beyond a limit', async () => {
  const size = '--tenants 40 --tasks 2 --hours 0.05 --terabytes-per-day 0.1 --close-seconds 30 --flood 800';
  const { objects, ...result } = await simulateScale(...size.split(' '));
  const { lost, repeated, misrouted, dead_letters, findings, quiet } = result;
  assert.deepEqual({ lost, repeated, misrouted, dead_letters, findings }, NOTHING_WRONG);
  assert.ok(objects > 900 && quiet.region.objects > 0, String(objects));
  assert.ok(result.received_per_object > 1, String(result.received_per_object));
  // Of the flood, each task keeps a hundred invisible beside those in flight; the queue may have 120,000, whatever the number of tasks.
  assert.ok(result.sqs_in_flight_max <= 2 * 150, String(result.sqs_in_flight_max));
});

const NOTHING_WRONG = { lost: 0, repeated: 0, misrouted: 0, dead_letters: 0, findings: [] };

test('the same seed gives the same run', async () => {
  const size = '--tenants 20 --tasks 2 --hours 0.02 --close-seconds 20 --flood 50'.split(' ');
  const [first, second, other] = await Promise.all([
    simulateScale(...size),
    simulateScale(...size),
    simulateScale(...size, '--seed', 'another'),
  ]);
  assert.equal(first?.hash, second?.hash);
  assert.notEqual(first?.hash, other?.hash);
});

test("tenants' sizes follow Zipf's law, and their objects bring as much as they write", () => {
  const tenants = tenantsOf(SIZE);
  const [first, second, third] = tenants;
  assert.ok(first && second && third);
  assert.equal(Math.round((100 * second.bytesPerSecond) / first.bytesPerSecond), 50);
  const sum = tenants.reduce((bytes, { bytesPerSecond }) => bytes + bytesPerSecond, 0);
  assert.equal(Math.round((sum * 86_400) / 1e9), 1_000);
  for (const tenant of [first, tenants.at(-1) ?? first]) {
    const collector = createCollector('seed', tenant, SIZE);
    let [bytes, ms] = [0, 0];
    for (let at = 0; at < 1_000; at++) {
      const closed = collector.close();
      bytes += closed.bytes;
      ms += closed.nextMs;
    }
    assert.ok(Math.abs(bytes / (ms / 1000) / tenant.bytesPerSecond - 1) < 1e-9);
  }
  assert.deepEqual([first.isSmall, tenants.at(-1)?.isSmall], [false, true]);
});

test('the 99th percentile is that of objects that were created in the window', () => {
  const lags = createLags();
  for (let at = 0; at < 200; at++) lags.add(at, at < 100 ? at + 1 : 9_000);
  assert.deepEqual(lags.between(0, 100), { objects: 100, p50_ms: 50, p99_ms: 99, max_ms: 100 });
});

const MINUTE: Minute = { atMs: 0, running: 4, visible: 0, saturated: 0, workable: 0, oldestSeconds: 0 };

function decideEach(minutes: readonly Partial<Minute>[]): number[] {
  const policy = createPolicy(2, 20);
  let running = 4;
  return minutes.map((minute, at) => {
    running = policy.decide({ ...MINUTE, atMs: (at + 100) * 60_000, running, ...minute });
    return running;
  });
}

const times = <T>(count: number, value: T): T[] => Array<T>(count).fill(value);

test('tasks are added after three minutes of backlog, in proportion, and taken away after fifteen idle ones', () => {
  const busy = { saturated: 1, workable: 100 };
  assert.deepEqual(decideEach(times(4, busy)), [4, 4, 8, 16]);
  assert.deepEqual(decideEach(times(16, {})), [...times(14, 4), 2, 2]);
});

test('what waits for a tenant adds no task, and saturated tasks are not taken away', () => {
  assert.deepEqual(decideEach(times(3, { visible: 10_000 })), times(3, 4));
  assert.deepEqual(decideEach(times(20, { saturated: 1 })), times(20, 4));
});

test('half of the tasks are added where a message has waited for capacity for long', () => {
  assert.deepEqual(decideEach(times(4, { oldestSeconds: 700 })), [4, 4, 6, 6]);
});
