import type { WeatherResult } from './run-weather.ts';

type Row = Omit<WeatherResult, 'kept'>;

const count = (value: number) => value.toLocaleString('en-US');
const COLUMNS: readonly (readonly [title: string, text: (row: Row) => string])[] = [
  ['weather', ({ name }) => name],
  ['overlay', ({ overlay }) => `\`${overlay}\``],
  ['lines', ({ lines }) => count(lines)],
  ['delivered', ({ delivered }) => count(delivered)],
  ['missing', ({ missing }) => count(missing)],
  ['repeated', ({ repeated }) => count(repeated)],
  ['wrong', ({ wrong }) => count(wrong)],
  ['long lines', ({ long_lines }) => count(long_lines)],
  ['rotations', ({ rotations }) => count(rotations)],
  ['RSS MB', ({ peak_rss_mb }) => count(peak_rss_mb)],
  ['in the buffer', ({ buffer_events }) => count(buffer_events)],
  ['bytes each', ({ buffer_bytes_per_event }) => count(buffer_bytes_per_event)],
  ['quiet p99 ms', ({ quiet_wait_p99_ms }) => (quiet_wait_p99_ms === null ? '' : count(quiet_wait_p99_ms))],
  ['max', ({ quiet_wait_max_ms }) => (quiet_wait_max_ms === null ? '' : count(quiet_wait_max_ms))],
  ['s', ({ seconds }) => count(seconds)],
];

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The head of a table in Markdown. */
export const HEAD = [row(COLUMNS.map(([title]) => title)), row(COLUMNS.map(() => '---'))].join('\n');

export function lineOf(result: Row): string {
  return row(COLUMNS.map(([, text]) => text(result)));
}
