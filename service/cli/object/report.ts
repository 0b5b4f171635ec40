import type { LedgerEntry } from '../../ledger/entries.ts';
import { formatBytes, formatCount, formatTable, type Style, shorten } from '../terminal.ts';
import type { Forecast } from './inspect.ts';

/** What `object` found; its JSON. */
export interface ObjectReport {
  readonly object: string;
  readonly bytes: number;
  readonly last_modified: string | null;
  readonly tenant: string | null;
  readonly key_fields: Readonly<Record<string, string>>;
  readonly format: string | null;
  readonly parquet: {
    readonly written_by: string | null;
    readonly row_groups: readonly { readonly rows: number; readonly bytes: number }[];
  } | null;
  readonly records: number | null;
  readonly dead_letter: { readonly reason: string; readonly detail: string } | null;
  readonly ledger: readonly (Omit<LedgerEntry, 'leaseExpiresMs'> & { readonly lease_expires_at: string | null })[];
  readonly deliveries: readonly DeliveryReport[];
}

export interface DeliveryReport extends Forecast {
  readonly type: string;
  readonly enabled: boolean;
}

/** Routes that fit a screen; JSON has them all. */
const ROUTES_SHOWN = 20;
const MESSAGE_SHOWN_LENGTH = 100;

export function reportText(report: ObjectReport, style: Style): string {
  const { object, bytes, last_modified, format, parquet, records, tenant, key_fields: keyFields } = report;
  const fields = Object.entries(keyFields).map(([name, value]) => `${name}=${value}`);
  const groups = parquet?.row_groups ?? [];
  const largest = Math.max(0, ...groups.map((group) => group.bytes));
  const lines = [
    style.bold(object),
    `${formatBytes(bytes)}, of ${last_modified ?? 'unknown time'}, ${format ?? 'unreadable'}${records === null ? '' : `, ${formatCount(records)} records`}`,
    ...(parquet
      ? [`${groups.length} row groups, the largest ${formatBytes(largest)}; by ${parquet.written_by ?? 'unknown'}`]
      : []),
    `tenant ${tenant ?? 'unknown'}${fields.length > 0 ? `  (${fields.join(', ')})` : ''}`,
    ...(report.dead_letter
      ? [style.bad(`would become a dead letter: ${report.dead_letter.reason}`), `  ${report.dead_letter.detail}`]
      : []),
    ...ledgerLines(report, style),
  ];
  return `${lines.join('\n')}\n${report.deliveries.map((delivery) => deliveryText(delivery, style)).join('')}`;
}

function ledgerLines({ ledger }: ObjectReport, style: Style): string[] {
  if (ledger.length === 0) return ['ledger: nothing yet'];
  return ledger.map(({ delivery, state, reason, owner, lease_expires_at: until, record, counts }) => {
    const paint = { done: style.good, dead: style.bad }[state] ?? style.warn;
    const details = [
      ...(reason ? [`for ${reason}`] : []),
      ...(owner ? [`leased by ${owner} until ${until}`] : []),
      ...(state !== 'done' && record !== null ? [`at record ${formatCount(record)}`] : []),
      ...(counts ? Object.entries(counts).map(([name, count]) => `${name} ${formatCount(count)}`) : []),
    ];
    return `ledger: ${delivery} ${paint(state)}  ${details.join(', ')}`;
  });
}

function deliveryText(delivery: DeliveryReport, style: Style): string {
  const { type, enabled, records, events, filtered, quarantined, batches, bytes, routes, first, complete } = delivery;
  const kept = Object.entries(quarantined).map(([reason, count]) => `${formatCount(count)} ${reason}`);
  const table = formatTable(
    routes.slice(0, ROUTES_SHOWN),
    [
      { title: 'log group', text: ({ group }) => group },
      { title: 'stream', text: ({ stream }) => stream },
      { title: 'events', text: (route) => formatCount(route.events), right: true },
      { title: 'batches', text: (route) => formatCount(route.batches), right: true },
      { title: 'bytes', text: (route) => formatBytes(route.bytes), right: true },
    ],
    style,
  );
  const more = routes.length > ROUTES_SHOWN ? `… and ${routes.length - ROUTES_SHOWN} more\n` : '';
  const head = [
    `\n${style.bold(type)}${enabled ? '' : style.warn('  disabled: the object would be acknowledged without delivery')}`,
    `${formatCount(records)} records${complete ? '' : ' read so far'}: ${formatCount(events)} delivered, ${formatCount(filtered)} filtered, ${kept.length > 0 ? kept.join(', ') : 'none'} quarantined`,
    `${formatCount(batches)} batches, ${formatBytes(bytes)}`,
  ].join('\n');
  const shown = first.map(
    ({ timestamp, group, message }) =>
      `${style.dim(`${timestamp} ${group}`)}  ${shorten(message, MESSAGE_SHOWN_LENGTH)}\n`,
  );
  return `${head}\n${routes.length > 0 ? table : ''}${more}${shown.join('')}`;
}
