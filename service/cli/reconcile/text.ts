import { objectId } from '../../core/notification.ts';
import type { CheckRange, LostObject } from '../../reconcile/check.ts';
import type { Repaired } from '../../reconcile/repair.ts';
import type { Outcome, Tally } from '../../reconcile/tally.ts';
import { formatCount, formatTime } from '../terminal.ts';

/** What `reconcile` says, for people and for programs. */

/** What a result says. */
export interface ReconcileReport {
  readonly bucket: string;
  readonly range: CheckRange;
  readonly tally: Tally;
  /** The first hundred. */
  readonly lost: readonly LostObject[];
  /** undefined: nothing was announced. */
  readonly repaired: Repaired | undefined;
}

/** A comparison as JSON shows it. */
export function shown({ bucket, range, tally, lost, repaired }: ReconcileReport) {
  return {
    bucket,
    from: formatTime(range.fromMs),
    to: formatTime(range.toMs),
    tenant: range.tenant ?? null,
    objects: tally.counts,
    list_calls: tally.listCalls,
    lost_by_tenant: Object.fromEntries(tally.lost),
    lost: lost.map(({ ref, tenant }) => ({ tenant, object: objectId(ref) })),
    repaired: repaired
      ? { announced: repaired.announced, announced_before: repaired.waiting, given_up: repaired.givenUp }
      : null,
  };
}

const SENTENCES: Readonly<Record<Outcome, string>> = {
  delivered: 'are delivered',
  dead_letter: 'are dead letters: `log-distributor dead-letters summary`',
  missing: 'are lost: no delivery is done, and no message announces them',
  incomplete: 'are lost for a part of their deliveries',
  pending: 'are not judged yet: they are recent, or their tenant is behind',
  disabled: 'belong to tenants that are disabled',
  unknown_tenant: 'belong to tenants that are not in the table',
  invalid_tenant: 'belong to tenants whose configuration is invalid',
  archived: 'are archived: restore them first',
  canary: 'are canaries',
  foreign: 'have keys that are not those of logs',
};
const NAMED_MAX = 10;

export function reconcileText({ bucket, range, tally, lost, repaired }: ReconcileReport): string {
  const { fromMs, toMs, tenant } = range;
  const counts = Object.entries(tally.counts) as [Outcome, number][];
  const tenants = [...tally.lost].sort((a, b) => b[1] - a[1]);
  const lines = [
    `${bucket}${tenant === undefined ? '' : `, tenant ${tenant}`}, written from ${formatTime(fromMs)} to ${formatTime(toMs)}`,
    ...counts.flatMap(([outcome, count]) =>
      count > 0 || outcome === 'missing' ? [`${formatCount(count)} ${SENTENCES[outcome]}`] : [],
    ),
    ...tenants.slice(0, NAMED_MAX).map(([name, count]) => `  ${name}: ${formatCount(count)}`),
    ...(tenants.length > NAMED_MAX ? [`  and ${formatCount(tenants.length - NAMED_MAX)} more tenants`] : []),
    ...lost.slice(0, NAMED_MAX).map(({ ref }) => `  ${objectId(ref)}`),
    ...(repaired ? repairedText(repaired) : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function repairedText({ announced, waiting, givenUp }: NonNullable<ReconcileReport['repaired']>): string[] {
  return [
    `${formatCount(announced)} were announced`,
    ...(waiting > 0 ? [`${formatCount(waiting)} were announced before, and may still wait in the queue`] : []),
    ...(givenUp > 0 ? [`${formatCount(givenUp)} were announced three times, and are still lost`] : []),
  ];
}
