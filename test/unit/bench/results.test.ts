import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, toResult, toResults, toThreadsResult } from '../../bench/results.ts';
import { HELD_SHARE } from '../../bench/run-threads.ts';
import type { Round } from '../../bench/run-workload.ts';
import type { SubjectRound } from '../../bench/subject.ts';
import { workloadTable } from '../../bench/table.ts';
import { THREADS_WORKLOADS, WORKLOADS } from '../../bench/workloads.ts';

const TOTALS = {
  putCalls: 2,
  putBytes: 125e6,
  getBytes: 50e6,
  calls: { GetObject: 100, UpdateItem: 250 },
  cpuSeconds: 0.25,
  bodyLengths: [],
  groups: {},
};
const SERVICE: SubjectRound = {
  seconds: 2,
  cpuSeconds: 3,
  cloudCpuSeconds: 0.5,
  sink: TOTALS,
  events: 1_000_000,
  messageBytes: 500e6,
  putCalls: 2,
  putBytes: 1_048_576,
  assumeRoles: 0,
  mainThreadDelayMs: 12.4,
};
const ROUND: Round = {
  service: SERVICE,
  floor: { seconds: 1, cpuSeconds: 1 },
  naive: { seconds: 5, cpuSeconds: 6, messageBytes: 100e6 },
};

function measured(rounds: readonly Round[]) {
  const [workload] = WORKLOADS;
  assert.ok(workload);
  return {
    workload,
    messageBytes: 500e6,
    events: 1_000_000,
    rounds,
    objects: 100,
    assumeRoles: 4,
    readyMs: 512.3,
    idleRssBytes: 99.6e6,
    peakRssBytes: 400.4e6,
  };
}

test('figures are per second and per gigabyte of message text', () => {
  assert.deepEqual(toResult(measured([ROUND])), {
    name: 'parquet/plain-250',
    mb_per_s: 250,
    events_per_s: 500_000,
    cpu_s_per_gb: 6,
    floor_cpu_s_per_gb: 2,
    naive_mb_per_s: 20,
    cpu_ms_per_object: 30,
    calls: { UpdateItem: 2.5, GetObject: 1 },
    calls_per_object: 3.5,
    received: 0.1,
    ready_ms: 512,
    idle_rss_mb: 100,
    peak_rss_mb: 400,
    fill: 0.5,
    cpu_times_floor: 3,
    mb_per_s_times_naive: 12.5,
    floor_mb_per_s: 500,
    naive_cpu_s_per_gb: 60,
    put_calls: 2,
    wire: 0.25,
    sink_cpu_s_per_gb: 0.5,
    cloud_cpu_s_per_gb: 1,
    assume_roles: 4,
    main_thread_delay_ms: 12,
  });
});

test('a ratio is the median of what the rounds say, not the ratio of two medians', () => {
  const slow = (factor: number, floorFactor: number): Round => ({
    ...ROUND,
    service: { ...SERVICE, cpuSeconds: 3 * factor },
    floor: { ...ROUND.floor, cpuSeconds: floorFactor },
  });
  // Ratios 3, 6 and 1; medians 6 and 2.
  const result = toResult(measured([slow(2, 2), slow(4, 2), slow(1, 3)]));
  assert.equal(result.cpu_s_per_gb, 12);
  assert.equal(result.floor_cpu_s_per_gb, 4);
  assert.equal(result.cpu_times_floor, 3);
});

test('the ratio of threads is the least of the workloads that were compared', () => {
  const threads = THREADS_WORKLOADS.map((workload, at) =>
    toThreadsResult({
      workload,
      messageBytes: 500e6,
      rounds: [{ one: { ...SERVICE, seconds: 3 + at }, two: SERVICE }],
      held: at === 0 ? [] : [{ one: { ...SERVICE, seconds: 20 }, two: { ...SERVICE, seconds: 10 } }],
    }),
  );
  assert.deepEqual(
    threads.map(({ ratio }) => ratio),
    [1.5, 2],
  );
  const [first] = threads;
  assert.deepEqual([first?.one_cpus_busy, first?.two_cpus_busy], [1.25, 1.88]);
  assert.deepEqual(
    threads.map(({ held }) => held),
    [null, { share: HELD_SHARE, one_mb_per_s: 25, two_mb_per_s: 50, ratio: 2, two_cpus_busy: 0.38 }],
  );
  const all = toResults([], threads, 0);
  assert.deepEqual([all.threads_ratio, all.held_threads_ratio], [1.5, 2]);
  const none = toResults([], [], 0);
  assert.deepEqual([none.threads_ratio, none.held_threads_ratio], [null, null]);
});

test('the median is the one in the middle, or the mean of the two there', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), RangeError);
});

test('every line of the table stands under its head', () => {
  const names = WORKLOADS.map(({ name }) => name);
  const table = workloadTable(names);
  const [head = '', rule] = table.head.split('\n');
  for (const name of names) assert.equal(table.line({ ...toResult(measured([ROUND])), name }).length, head.length);
  assert.equal(rule?.length, head.length);
});

test('the workloads have a name each', () => {
  const names = WORKLOADS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});
