import type { Command } from 'commander';
import type { Status } from '../../run/watch/status.ts';
import { addresses } from '../arguments.ts';
import { CommandError, EXIT_DONE, EXIT_TROUBLE } from '../errors.ts';
import type { Session } from '../session.ts';
import { requireKnownTenant } from '../tenants/known.ts';
import { formatCount, type Style } from '../terminal.ts';
import { type FleetStatus, mergeStatus, type TaskStatus } from './merge.ts';

interface Options {
  readonly url: readonly string[];
  readonly tenant?: string;
}

/** A task answers `/status` within milliseconds unless its main thread is blocked. */
const PATIENCE_MS = 8_000;

export function addStatus(program: Command, session: Session): void {
  const status = program
    .command('status')
    .description('Shows what running tasks report: tenants in trouble, parked messages, regions without an answer.')
    .requiredOption(
      '--url <url...>',
      'addresses of the tasks, such as http://127.0.0.1:8080; their figures are added up',
      addresses,
    )
    .option('--tenant <id>', 'only this tenant')
    .addHelpText('after', '\nExample:\n  log-distributor status --url http://127.0.0.1:8080');
  session.run<Options>(status, async (context, { url, tenant }) => {
    const { printer, signal, nowMs } = context;
    const tasks = await Promise.all(url.map((one) => ask(one, signal)));
    const isSeen = tasks.some(({ status }) => status.tenants.some((one) => one.tenant === tenant));
    if (tenant !== undefined && !isSeen) await requireKnownTenant(context, tenant);
    const merged = mergeStatus(tasks, tenant);
    printer.result(merged, (style) => statusText(merged, nowMs(), style));
    return merged.tenants.length === 0 && merged.places.length === 0 ? EXIT_DONE : EXIT_TROUBLE;
  });
}

async function ask(url: string, signal: AbortSignal): Promise<TaskStatus> {
  try {
    const answer = await fetch(new URL('status', url.endsWith('/') ? url : `${url}/`), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (!answer.ok) throw new Error(`it answered with status ${answer.status}`);
    const status: Status = JSON.parse(await answer.text());
    if (!Array.isArray(status.tenants)) throw new Error('this is not the status of a log distributor');
    return { url, status };
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = inner instanceof Error ? inner.message : String(inner);
    throw new CommandError(`${url} did not return its status: ${why}`, EXIT_TROUBLE, { cause });
  }
}

function statusText({ tasks, places, tenants }: FleetStatus, nowMs: number, style: Style): string {
  const lines = tasks.map(({ url, state, version }) => `${url}  ${state}, version ${version}`);
  for (const { place, tenants: count, since, next_try_at } of places) {
    lines.push(
      `${style.bad('no answer')}  ${place}: ${formatCount(count)} tenants since ${since}; next attempt at ${next_try_at}`,
    );
  }
  for (const { tenant, parked, first_dead_letter_at: first, deliveries } of tenants) {
    lines.push(style.bold(tenant));
    for (const { delivery, state, code, message, since } of deliveries) {
      lines.push(`  ${delivery}  ${style.bad(code)}, ${state} since ${since}`, `    ${message}`);
    }
    if (parked > 0) lines.push(`  ${formatCount(parked)} messages are parked${deadline(first, nowMs)}`);
  }
  if (tenants.length === 0 && places.length === 0) lines.push('No tenant is in trouble.');
  return `${lines.join('\n')}\n`;
}

function deadline(first: string | null, nowMs: number): string {
  if (first === null) return '';
  const hours = Math.max(0, (Date.parse(first) - nowMs) / 3_600_000);
  return `; the first becomes a dead letter at ${first}, in ${hours.toFixed(1)} hours`;
}
