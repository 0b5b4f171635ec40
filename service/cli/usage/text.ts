import { addTenantUsage, FIGURES, type TenantUsage } from '../../core/usage.ts';
import { formatBytes, formatCount, formatTable, type Style } from '../terminal.ts';
import type { UsageReport } from './collect.ts';

/** Days of each tenant, and behind them their sum. */
export function usageText({ month, tenants }: UsageReport, style: Style): string {
  if (tenants.length === 0) return `No object was delivered in ${month}.\n`;
  const byTenant = Map.groupBy(tenants, ({ tenant }) => tenant);
  const rows = [...byTenant]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, days]) => [...days, { ...days.reduce(addTenantUsage), day: month }]);
  const isSum = ({ day }: TenantUsage) => day === month;
  const right = true;
  return formatTable(
    rows,
    [
      { title: 'tenant', text: ({ tenant }) => tenant, style: (text, row) => (isSum(row) ? style.bold(text) : text) },
      { title: 'day', text: ({ day }) => day, style: (text, row) => (isSum(row) ? style.bold(text) : text) },
      { title: 'objects', text: ({ objects }) => formatCount(objects), right },
      { title: 'events', text: ({ events }) => formatCount(events), right },
      { title: 'messages', text: (row) => formatBytes(row.message_bytes), right },
      { title: 'calls', text: ({ calls }) => formatCount(calls), right },
      { title: 'stored', text: (row) => formatBytes(row.stored_bytes), right },
      { title: 'platform $', text: (row) => row.platform_usd.toFixed(4), right },
      { title: 'tenant $', text: (row) => row.logs_usd.toFixed(4), right },
    ],
    style,
  );
}

const COLUMNS = ['tenant', 'day', ...FIGURES] as const;

/** RFC 4180, a line for each tenant and day. Every field is quoted, as the names of tenants may hold commas. */
export function usageCsv(tenants: readonly TenantUsage[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `${cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',')}\r\n`;
  return [line(COLUMNS), ...tenants.map((row) => line(COLUMNS.map((name) => row[name])))].join('');
}
