import type { DistributorError } from '../base/errors.ts';
import { releaseDelaySeconds } from '../core/backoff.ts';
import { errorOf, type ObjectReport, type ReportLine } from './report.ts';

/** What happens to a message once all its objects have been worked on. */
export type Verdict =
  | { readonly kind: 'delete' }
  | { readonly kind: 'release'; readonly delaySeconds: number; readonly error: DistributorError }
  | { readonly kind: 'dead-letter'; readonly error: DistributorError }
  | { readonly kind: 'crash'; readonly error: DistributorError };

export interface VerdictContext {
  /** 1 at the first receive. */
  readonly receiveCount: number;
  /** How long ago anybody first received the message. */
  readonly ageMs: number;
  /** Parked messages older than this become dead letters. */
  readonly parkMs: number;
  readonly random: () => number;
}

const RETRY_DELAY = { firstSeconds: 5, capSeconds: 900 };
/** An hour at most: a day of parking stays below the queue's own maxReceiveCount of 50. */
const PARK_DELAY = { firstSeconds: 60, capSeconds: 3_600 };
const HELD_DELAY = { firstSeconds: 1, capSeconds: 900 };
/** The longest that LEASE_SECONDS may say. */
const LEASE_SECONDS_MAX = 3_600;
/** Before the queue's redrive policy (50) would move the message without a word, we do, with the reason. */
const RECEIVES_MAX = 45;

/**
 * The gravest first: a broken invariant ends the process; what may still succeed keeps the message; only when nothing
 * is left to try does what failed for good decide.
 */
export function decide(reports: readonly ObjectReport[], context: VerdictContext): Verdict {
  const failures = reports
    .flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'failed'))
    .map((line) => ({ line, error: errorOf(line) }));
  const first = (disposition: string) => failures.find(({ error }) => error.disposition === disposition);

  const crash = first('crash');
  if (crash) return { kind: 'crash', error: crash.error };
  const retry = first('retry');
  if (retry) return retryOrGiveUp(retry.line, retry.error, context);
  const park = first('park');
  if (park) {
    if (context.ageMs > context.parkMs || context.receiveCount >= RECEIVES_MAX)
      return { kind: 'dead-letter', error: park.error };
    return {
      kind: 'release',
      delaySeconds: releaseDelaySeconds(context.receiveCount, PARK_DELAY, context.random),
      error: park.error,
    };
  }
  const dead = first('dead-letter');
  return dead ? { kind: 'dead-letter', error: dead.error } : { kind: 'delete' };
}

function retryOrGiveUp(line: ReportLine, error: DistributorError, context: VerdictContext): Verdict {
  // Another task should have it at once.
  if (error.code === 'stopping') return { kind: 'release', delaySeconds: 0, error };
  if (context.receiveCount >= RECEIVES_MAX) return { kind: 'dead-letter', error };
  const delaySeconds =
    error.code === 'lease-held'
      ? heldDelaySeconds(line.retryAfterMs ?? 0, context)
      : releaseDelaySeconds(context.receiveCount, RETRY_DELAY, context.random);
  return { kind: 'release', delaySeconds, error };
}

/**
 * The other one will be done, or its lease over, by then. Who holds it for long renews it, so a duplicate asks less and
 * less often: at one receive a minute the queue would have dropped it before a large object is through.
 */
function heldDelaySeconds(remainingMs: number, { receiveCount, random }: VerdictContext): number {
  const leaseSeconds = Math.min(LEASE_SECONDS_MAX, Math.ceil(remainingMs / 1000)) + 1;
  return Math.max(leaseSeconds, releaseDelaySeconds(receiveCount, HELD_DELAY, random));
}
