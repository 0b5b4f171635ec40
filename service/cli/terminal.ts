import { styleText } from 'node:util';

/** What a command writes to: standard output or standard error, or what a test keeps. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Colours by what they mean. Without a terminal, or with NO_COLOR set (no-color.org), text stays as it is. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

export function createStyle(terminal: Terminal, noColor: string | undefined): Style {
  const on = terminal.isTTY === true && !noColor;
  const paint = (format: 'green' | 'red' | 'yellow' | 'dim' | 'bold') => (text: string) =>
    on ? styleText(format, text, { validateStream: false }) : text;
  return { good: paint('green'), bad: paint('red'), warn: paint('yellow'), dim: paint('dim'), bold: paint('bold') };
}

export interface Column<T> {
  readonly title: string;
  readonly text: (row: T) => string;
  /** Numbers stand at the right of their column. */
  readonly right?: true;
  readonly style?: (text: string, row: T) => string;
}

/** Columns as wide as their widest cell, two spaces apart; styles are put on after the padding, as they take no room. */
export function formatTable<T>(rows: readonly T[], columns: readonly Column<T>[], style: Style): string {
  const cells = rows.map((row) => columns.map(({ text }) => oneLine(text(row))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const pad = (text: string, at: number) =>
    columns[at]?.right ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const line = (texts: readonly string[], paint: (text: string, at: number) => string) =>
    texts
      .map((text, at) => paint(at === texts.length - 1 && !columns[at]?.right ? text : pad(text, at), at))
      .join('  ')
      .trimEnd();
  const head = line(
    columns.map(({ title }) => title),
    (text) => style.dim(text),
  );
  const body = cells.map((texts, row) => line(texts, (text, at) => columns[at]?.style?.(text, rows[row] as T) ?? text));
  return [head, ...body].map((text) => `${text}\n`).join('');
}

/** Text of others may hold anything: control characters would move the cursor, or break the line. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

export function shorten(text: string, lengthMax: number): string {
  const line = oneLine(text);
  return line.length <= lengthMax ? line : `${line.slice(0, lengthMax - 1)}…`.toWellFormed();
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

/** Decimal units, as AWS's price lists have them. */
export function formatBytes(bytes: number): string {
  const unit = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

const DAY_SECONDS = 86_400;

/** `42 s`, `17 min`, `3.5 h`, `2.0 days`. */
export function formatDuration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * DAY_SECONDS ? `${(seconds / 3_600).toFixed(1)} h` : `${(seconds / DAY_SECONDS).toFixed(1)} days`;
}
