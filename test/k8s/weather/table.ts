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
  ['wait before ms', ({ wait_before_ms }) => (wait_before_ms === null ? '' : count(wait_before_ms))],
  ['during', ({ wait_during_ms }) => (wait_during_ms === null ? '' : count(wait_during_ms))],
  ['s', ({ seconds }) => count(seconds)],
];

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;

/** The head of a table in Markdown. */
export const HEAD = [row(COLUMNS.map(([title]) => title)), row(COLUMNS.map(() => '---'))].join('\n');

export function lineOf(result: Row): string {
  return row(COLUMNS.map(([, text]) => text(result)));
}
