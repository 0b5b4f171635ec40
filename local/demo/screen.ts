import type { WriteStream } from 'node:tty';

/** A line of the table. */
export interface TenantRow {
  readonly tenantId: string;
  readonly accountId: string;
  readonly objects: number;
  readonly events: number;
  readonly megabytesPerSecond: number;
  readonly lagSeconds: number | null;
  readonly inFlight: number;
  readonly trouble: string;
}

/** Shows the demo: on a terminal one table that is drawn over and over, elsewhere a line a tenant now and then. */
export interface Screen {
  /** @param notice shown below the table, unless a tenant is in trouble */
  show(rows: readonly TenantRow[], notice: string | undefined): void;
  /** A sentence that stays, below the table. */
  say(text: string): void;
  close(): void;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';
const up = (lines: number): string => `\u001b[${lines}A\r`;
const COLUMNS_DEFAULT = 80;
/** Without a terminal every tenth table is enough. */
const EVERY = 10;

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly text: (row: TenantRow) => string;
}[] = [
  { title: 'tenant', width: -12, text: ({ tenantId }) => tenantId },
  { title: 'account', width: -14, text: ({ accountId }) => accountId },
  { title: 'objects', width: 8, text: ({ objects }) => String(objects) },
  { title: 'events', width: 12, text: ({ events }) => events.toLocaleString('en') },
  { title: 'MB/s', width: 7, text: ({ megabytesPerSecond }) => megabytesPerSecond.toFixed(1) },
  { title: 'lag', width: 9, text: ({ lagSeconds }) => (lagSeconds === null ? '-' : `${lagSeconds.toFixed(1)} s`) },
  { title: 'in flight', width: 11, text: ({ inFlight }) => String(inFlight) },
];

export function createScreen(
  out: Pick<WriteStream, 'write' | 'isTTY'> & Partial<Pick<WriteStream, 'columns'>>,
  introduction: readonly string[],
  tenants: number,
): Screen {
  out.write(`${introduction.join('\n')}\n\n`);
  const height = tenants + 3;
  let shown = 0;
  if (out.isTTY) out.write(HIDE_CURSOR + '\n'.repeat(height));
  return {
    show(rows, notice) {
      const table = [formatLine(({ title }) => title), ...rows.map((row) => formatLine(({ text }) => text(row)))];
      if (out.isTTY) {
        const lines = [...table, '', troubleIn(rows) || (notice ?? '')];
        // A line that wraps would take two, and the next table would be drawn too low.
        const width = (out.columns ?? COLUMNS_DEFAULT) - 1;
        out.write(`${up(height)}${CLEAR_BELOW}${lines.map((line) => line.slice(0, width)).join('\n')}\n`);
      } else if (shown++ % EVERY === 0) {
        out.write(`${table.join('\n')}\n`);
      }
    },
    say(text) {
      out.write(`${text}\n`);
    },
    close() {
      if (out.isTTY) out.write(SHOW_CURSOR);
    },
  };
}

function troubleIn(rows: readonly TenantRow[]): string {
  return rows.flatMap(({ tenantId, trouble }) => (trouble === '' ? [] : [`${tenantId}: ${trouble}`])).join(', ');
}

function formatLine(text: (column: (typeof COLUMNS)[number]) => string): string {
  return COLUMNS.map((column) => {
    const { width } = column;
    return width < 0 ? text(column).padEnd(-width) : text(column).padStart(width);
  })
    .join('')
    .trimEnd();
}
