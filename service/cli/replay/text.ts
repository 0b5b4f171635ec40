import { formatBytes, formatCount, formatDuration, formatTime } from '../terminal.ts';
import type { Estimate } from './estimate.ts';
import type { ReplayState } from './state.ts';

/** What `replay` says, for people and for programs. */

/** A replay as JSON shows it. */
export function shown({
  id,
  state,
  tenant,
  bucket,
  fromMs,
  toMs,
  delivery,
  application,
  missing,
  objects,
  fed,
}: ReplayState) {
  return {
    id,
    state,
    tenant,
    bucket,
    from: formatTime(fromMs),
    to: formatTime(toMs),
    delivery: delivery ?? null,
    application: application ?? null,
    missing,
    objects,
    fed,
  };
}

export function previewText(state: ReplayState, forecast: Estimate, warnings: readonly string[]): string {
  const { id, tenant, bucket, fromMs, toMs, delivery, application, missing } = state;
  const only = [
    ...(missing ? ['objects that the ledger does not have as done'] : []),
    ...(delivery ? [`delivery ${delivery}`] : []),
    ...(application ? [`application ${application}`] : []),
  ];
  const lines = [
    `replay ${id}: ${tenant} in ${bucket}, written from ${formatTime(fromMs)} to ${formatTime(toMs)}${only.length > 0 ? `, only ${only.join(', ')}` : ''}`,
    `${formatCount(forecast.objects)} objects, ${formatBytes(forecast.object_bytes)}${state.fed > 0 ? `; ${formatCount(state.fed)} were announced before` : ''}`,
    ...(forecast.sampled_objects === 0 && forecast.objects > 0
      ? ['events and cost are unknown: no object of up to 64 MB could be read as a sample']
      : costText(forecast)),
    ...warnings.map((warning) => `note: ${warning}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function costText(forecast: Estimate): string[] {
  const usd = (amount: number) => `$${amount.toFixed(amount < 1 ? 4 : 2)}`;
  return [
    `about ${formatCount(forecast.events)} events, ${formatBytes(forecast.event_bytes)}, ${formatCount(forecast.put_calls)} PutLogEvents calls (estimated from ${forecast.sampled_objects} objects)`,
    `about ${usd(forecast.tenant_usd)} for the tenant, ${usd(forecast.platform_usd)} for the platform (list prices of us-east-1)`,
    `${formatDuration(forecast.seconds)} at this rate, ${forecast.put_quota_percent.toFixed(2)} % of 5,000 PutLogEvents calls a second`,
  ];
}

export function outcomeText({ id, state, objects, fed }: ReplayState): string {
  const head = `replay ${id}: ${formatCount(fed)} of ${formatCount(objects)} objects are in the queue`;
  return state === 'fed'
    ? `${head}\n\`log-distributor replay-status ${id}\` shows what is delivered\n`
    : `${head}, interrupted\n\`log-distributor replay --continue ${id}\` continues\n`;
}
