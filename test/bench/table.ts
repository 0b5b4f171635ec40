import type { ThreadsResult, WorkloadResult } from './results.ts';

/** The results as people read them, a line for each workload as soon as it is done. */

interface Column<T> {
  readonly title: string;
  readonly width: number;
  readonly text: (result: T) => string;
}

const WORKLOAD_COLUMNS: readonly Column<WorkloadResult>[] = [
  { title: 'MB/s', width: 6, text: (r) => r.mb_per_s.toFixed(0) },
  { title: 'events/s', width: 10, text: (r) => r.events_per_s.toLocaleString('en') },
  { title: 'CPU s/GB', width: 10, text: (r) => r.cpu_s_per_gb.toFixed(1) },
  { title: 'floor', width: 7, text: (r) => r.floor_cpu_s_per_gb.toFixed(1) },
  { title: '× floor', width: 9, text: (r) => r.cpu_times_floor.toFixed(2) },
  { title: 'naive MB/s', width: 12, text: (r) => r.naive_mb_per_s.toFixed(0) },
  { title: '× naive', width: 9, text: (r) => r.mb_per_s_times_naive.toFixed(1) },
  { title: 'ms/object', width: 11, text: (r) => r.cpu_ms_per_object.toFixed(1) },
  { title: 'calls', width: 7, text: (r) => r.calls_per_object.toFixed(1) },
  { title: 'ready ms', width: 10, text: (r) => String(r.ready_ms) },
  { title: 'idle, peak MB', width: 15, text: (r) => `${r.idle_rss_mb}, ${r.peak_rss_mb}` },
  { title: 'wire', width: 7, text: (r) => r.wire.toFixed(2) },
  { title: 'puts', width: 7, text: (r) => String(r.put_calls) },
  { title: 'full', width: 6, text: (r) => `${(r.fill * 100).toFixed(0)}%` },
];

const THREADS_COLUMNS: readonly Column<ThreadsResult>[] = [
  { title: '1 thread MB/s', width: 14, text: (r) => r.one_mb_per_s.toFixed(0) },
  { title: '2 threads MB/s', width: 16, text: (r) => r.two_mb_per_s.toFixed(0) },
  { title: 'ratio', width: 7, text: (r) => r.ratio.toFixed(2) },
  { title: 'CPUs busy', width: 13, text: (r) => `${r.one_cpus_busy.toFixed(2)}, ${r.two_cpus_busy.toFixed(2)}` },
  { title: 'CPU s/GB', width: 10, text: (r) => r.cpu_s_per_gb.toFixed(1) },
  { title: 'sink s/GB', width: 11, text: (r) => r.sink_cpu_s_per_gb.toFixed(1) },
  { title: 'held ratio', width: 12, text: ({ held }) => (held ? held.ratio.toFixed(2) : '-') },
  { title: 'CPUs busy', width: 11, text: ({ held }) => (held ? held.two_cpus_busy.toFixed(2) : '-') },
];

export interface Table<T> {
  readonly head: string;
  line(result: T): string;
}

/** @param names of all lines to come: the first column is as wide as the longest */
export function workloadTable(names: readonly string[]): Table<WorkloadResult> {
  return table('workload', names, WORKLOAD_COLUMNS);
}

export function threadsTable(names: readonly string[]): Table<ThreadsResult> {
  return table('worker threads', names, THREADS_COLUMNS);
}

function table<T extends { readonly name: string }>(
  title: string,
  names: readonly string[],
  columns: readonly Column<T>[],
): Table<T> {
  const width = Math.max(title.length, ...names.map(({ length }) => length));
  const line = (first: string, rest: readonly string[]) =>
    first.padEnd(width) + rest.map((text, at) => text.padStart(columns[at]?.width ?? 0)).join('');
  const head = line(
    title,
    columns.map((column) => column.title),
  );
  return {
    head: `${head}\n${'─'.repeat(head.length)}`,
    line: (result) =>
      line(
        result.name,
        columns.map(({ text }) => text(result)),
      ),
  };
}
