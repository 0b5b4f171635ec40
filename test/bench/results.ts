import { HELD_SHARE, type ThreadsMeasured, type ThreadsRound } from './run-threads.ts';
import type { Measured, Round } from './run-workload.ts';
import type { SubjectRound } from './subject.ts';

/**
 * What is reported of a run. MB and GB are 10^6 and 10^9 bytes, of message text (UTF-8) unless they say of what. Every figure
 * is the median of the rounds; a ratio is the median of the rounds' ratios, as what disturbs a round disturbs both its sides.
 */
export interface Results {
  readonly workloads: readonly WorkloadResult[];
  /** Speed of two worker threads over that of one: the least of the workloads below. null where it was not compared. */
  readonly threads_ratio: number | null;
  /** The same with threads that are held, so that the CPUs are no limit. */
  readonly held_threads_ratio: number | null;
  readonly threads: readonly ThreadsResult[];
  /** Calls of Describe* in tenants' accounts. */
  readonly describe_calls: number;
}

export interface WorkloadResult {
  readonly name: string;
  readonly mb_per_s: number;
  readonly events_per_s: number;
  /** Of the service, user and system. */
  readonly cpu_s_per_gb: number;
  readonly floor_cpu_s_per_gb: number;
  readonly naive_mb_per_s: number;
  /** Of the service, for each object. */
  readonly cpu_ms_per_object: number;
  /** Calls to AWS for each object, by operation: of all rounds. */
  readonly calls: Readonly<Record<string, number>>;
  readonly calls_per_object: number;
  /** Bytes of objects that were read, for each byte of message. */
  readonly received: number;
  /** From the start of the process to its first receive. */
  readonly ready_ms: number;
  /** Of the service, 10^6 bytes, before its first object. */
  readonly idle_rss_mb: number;
  /** Of the service, 10^6 bytes, the most since its start. */
  readonly peak_rss_mb: number;
  /** Share of the bytes that accepted calls could have held. */
  readonly fill: number;
  readonly cpu_times_floor: number;
  readonly mb_per_s_times_naive: number;
  readonly floor_mb_per_s: number;
  readonly naive_cpu_s_per_gb: number;
  readonly put_calls: number;
  /** Bytes of PutLogEvents bodies as they were sent, for each byte of message. */
  readonly wire: number;
  /** What stands beside the service and takes part of the same CPUs. */
  readonly sink_cpu_s_per_gb: number;
  readonly cloud_cpu_s_per_gb: number;
  /** In all rounds, the first included. */
  readonly assume_roles: number;
  /** Longest delay of the main thread's event loop, its timer's own 10 ms included; median of the rounds. */
  readonly main_thread_delay_ms: number;
}

export interface ThreadsResult {
  readonly name: string;
  readonly one_mb_per_s: number;
  readonly two_mb_per_s: number;
  readonly ratio: number;
  /** CPUs that service, sink and embedded AWS together kept busy: where it is all that there are, they are the limit. */
  readonly one_cpus_busy: number;
  readonly two_cpus_busy: number;
  /** Of two threads. */
  readonly cpu_s_per_gb: number;
  readonly sink_cpu_s_per_gb: number;
  /** With each worker thread held to a share of a CPU; null where that cannot be done. */
  readonly held: HeldResult | null;
}

export interface HeldResult {
  /** Of a CPU, for each thread. */
  readonly share: number;
  readonly one_mb_per_s: number;
  readonly two_mb_per_s: number;
  readonly ratio: number;
  readonly two_cpus_busy: number;
}

/** For each object, in the order of their number. */
function callsOf(rounds: readonly Round[], objects: number): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const { service } of rounds)
    for (const [operation, count] of Object.entries(service.sink.calls))
      totals[operation] = (totals[operation] ?? 0) + count;
  const entries = Object.entries(totals).sort(([, one], [, other]) => other - one);
  return Object.fromEntries(
    entries.map(([operation, count]) => [operation, rounded(count / objects / rounds.length, 2)]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** API reference, PutLogEvents. */
const PUT_BYTES_MAX = 1_048_576;

export function toResult({
  workload,
  messageBytes,
  events,
  rounds,
  objects,
  assumeRoles,
  readyMs,
  idleRssBytes,
  peakRssBytes,
}: Measured): WorkloadResult {
  const over = (figure: (round: Round) => number) => median(rounds.map(figure));
  const gb = messageBytes / 1e9;
  const naiveSpeed = ({ naive }: Round) => naive.messageBytes / 1e6 / naive.seconds;
  const speed = ({ service }: Round) => messageBytes / 1e6 / service.seconds;
  return {
    name: workload.name,
    mb_per_s: rounded(over(speed), 1),
    events_per_s: Math.round(over(({ service }) => events / service.seconds)),
    cpu_s_per_gb: rounded(
      over(({ service }) => service.cpuSeconds / gb),
      2,
    ),
    floor_cpu_s_per_gb: rounded(
      over(({ floor }) => floor.cpuSeconds / gb),
      2,
    ),
    naive_mb_per_s: rounded(over(naiveSpeed), 1),
    cpu_ms_per_object: rounded(
      over(({ service }) => (service.cpuSeconds * 1e3) / objects),
      2,
    ),
    calls: callsOf(rounds, objects),
    calls_per_object: rounded(sum(Object.values(callsOf(rounds, objects))), 2),
    received: rounded(
      over(({ service }) => service.sink.getBytes / messageBytes),
      3,
    ),
    ready_ms: Math.round(readyMs),
    idle_rss_mb: Math.round(idleRssBytes / 1e6),
    peak_rss_mb: Math.round(peakRssBytes / 1e6),
    fill: rounded(
      over(({ service }) => service.putBytes / service.putCalls / PUT_BYTES_MAX),
      3,
    ),
    cpu_times_floor: rounded(
      over(({ service, floor }) => service.cpuSeconds / floor.cpuSeconds),
      2,
    ),
    mb_per_s_times_naive: rounded(
      over((round) => speed(round) / naiveSpeed(round)),
      2,
    ),
    floor_mb_per_s: rounded(
      over(({ floor }) => messageBytes / 1e6 / floor.seconds),
      1,
    ),
    naive_cpu_s_per_gb: rounded(
      over(({ naive }) => naive.cpuSeconds / (naive.messageBytes / 1e9)),
      2,
    ),
    put_calls: over(({ service }) => service.putCalls),
    wire: rounded(
      over(({ service }) => service.sink.putBytes / messageBytes),
      3,
    ),
    sink_cpu_s_per_gb: rounded(
      over(({ service }) => service.sink.cpuSeconds / gb),
      2,
    ),
    cloud_cpu_s_per_gb: rounded(
      over(({ service }) => service.cloudCpuSeconds / gb),
      2,
    ),
    assume_roles: assumeRoles,
    main_thread_delay_ms: Math.round(over(({ service }) => service.mainThreadDelayMs)),
  };
}

export function toThreadsResult({ workload, messageBytes, rounds, held }: ThreadsMeasured): ThreadsResult {
  const mb = messageBytes / 1e6;
  return {
    name: workload.name,
    ...compared(rounds, mb),
    one_cpus_busy: rounded(median(rounds.map(({ one }) => cpusBusy(one))), 2),
    cpu_s_per_gb: rounded(median(rounds.map(({ two }) => (two.cpuSeconds / mb) * 1e3)), 2),
    sink_cpu_s_per_gb: rounded(median(rounds.map(({ two }) => (two.sink.cpuSeconds / mb) * 1e3)), 2),
    held: held.length === 0 ? null : { share: HELD_SHARE, ...compared(held, mb) },
  };
}

function compared(rounds: readonly ThreadsRound[], mb: number) {
  const over = (figure: (round: ThreadsRound) => number, digits: number) => rounded(median(rounds.map(figure)), digits);
  return {
    one_mb_per_s: over(({ one }) => mb / one.seconds, 1),
    two_mb_per_s: over(({ two }) => mb / two.seconds, 1),
    ratio: over(({ one, two }) => one.seconds / two.seconds, 2),
    two_cpus_busy: over(({ two }) => cpusBusy(two), 2),
  };
}

function cpusBusy({ seconds, cpuSeconds, cloudCpuSeconds, sink }: SubjectRound): number {
  return (cpuSeconds + cloudCpuSeconds + sink.cpuSeconds) / seconds;
}

export function toResults(
  workloads: readonly WorkloadResult[],
  threads: readonly ThreadsResult[],
  describeCalls: number,
): Results {
  return {
    workloads,
    threads_ratio: leastOf(threads.map(({ ratio }) => ratio)),
    held_threads_ratio: leastOf(threads.flatMap(({ held }) => held?.ratio ?? [])),
    threads,
    describe_calls: describeCalls,
  };
}

function leastOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
