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
  show(rows: readonly TenantRow[], notice: string | undefined): void;
  close(): void;
}

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';
const up = (lines: number): string => `\u001b[${lines}A\r`;
/** Without a terminal every tenth table is enough. */
const EVERY = 10;

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly text: (row: TenantRow) => string;
}[] = [
  { title: 'tenant', width: -12, text: ({ tenantId }) => tenantId },
  { title: 'account', width: -14, text: ({ accountId }) => accountId },
  { title: 'objects', width: 9, text: ({ objects }) => String(objects) },
  { title: 'events', width: 12, text: ({ events }) => events.toLocaleString('en') },
  { title: 'MB/s', width: 8, text: ({ megabytesPerSecond }) => megabytesPerSecond.toFixed(1) },
  { title: 'lag', width: 9, text: ({ lagSeconds }) => (lagSeconds === null ? '-' : `${lagSeconds.toFixed(1)} s`) },
  { title: 'in flight', width: 9, text: ({ inFlight }) => String(inFlight) },
  { title: '  trouble', width: -20, text: ({ trouble }) => `  ${trouble}` },
];

export function createScreen(
  out: Pick<WriteStream, 'write' | 'isTTY'>,
  introduction: readonly string[],
  tenants: readonly unknown[],
): Screen {
  out.write(`${introduction.join('\n')}\n\n`);
  const height = tenants.length + 3;
  let shown = 0;
  if (out.isTTY) out.write(HIDE_CURSOR + '\n'.repeat(height));
  return {
    show(rows, notice) {
      const table = [formatLine(({ title }) => title), ...rows.map((row) => formatLine(({ text }) => text(row)))];
      if (out.isTTY) {
        out.write(`${up(height)}${CLEAR_BELOW}${[...table, '', notice ?? ''].join('\n')}\n`);
      } else if (shown++ % EVERY === 0) {
        out.write(`${table.join('\n')}\n`);
      }
    },
    close() {
      if (out.isTTY) out.write(SHOW_CURSOR);
    },
  };
}

function formatLine(text: (column: (typeof COLUMNS)[number]) => string): string {
  return COLUMNS.map((column) => {
    const { width } = column;
    return width < 0 ? text(column).padEnd(-width) : text(column).padStart(width);
  })
    .join('')
    .trimEnd();
}
