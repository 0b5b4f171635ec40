import type { QueueMessage } from '../aws/queue.ts';
import type { DistributorError } from '../base/errors.ts';
import { LEASE_SECONDS_MAX } from '../base/settings.ts';
import { releaseDelaySeconds, waitingDelaySeconds } from '../core/backoff.ts';
import { type History, sameHistory } from '../core/history.ts';
import { RECEIVES_MAX } from '../core/receives.ts';
import { errorOf, type ObjectReport, onlyWaits, type ReportLine } from './report.ts';

/** What happens to a message once all its objects have been worked on. */
export type Verdict =
  | { readonly kind: 'delete' }
  /** It only waits: for another process, for its destination's pace. It becomes invisible, and remembers nothing new. */
  | { readonly kind: 'wait'; readonly delaySeconds: number; readonly error: DistributorError }
  /** It failed, or was refused: it is sent anew, and remembers. */
  | {
      readonly kind: 'fail';
      readonly delaySeconds: number;
      readonly history: History;
      readonly error: DistributorError;
    }
  | { readonly kind: 'dead-letter'; readonly error: DistributorError }
  | { readonly kind: 'crash'; readonly error: DistributorError };

export interface VerdictContext {
  readonly message: Pick<QueueMessage, 'receiveCount' | 'history'>;
  readonly nowMs: number;
  /** A message that has been refused for longer than this becomes a dead letter. */
  readonly parkMs: number;
  readonly random: () => number;
}

const RETRY_DELAY = { firstSeconds: 5, capSeconds: 900 };
/** Attempts in a row that came no further; with the delays above, seven hours and more. */
const FAILURES_MAX = 45;
/** At first until the next probe; the cap is the longest that SQS keeps a new message back. */
const PARK_DELAY = { firstSeconds: 1, capSeconds: 900 };

interface Failure {
  readonly line: ReportLine;
  readonly error: DistributorError;
}

/**
 * The gravest first: a broken invariant ends the process; what may still succeed keeps the message; only when nothing
 * is left to try does what failed for good decide. What counts is how often the message has failed and how long it has
 * been refused, never how often it was received.
 */
export function decide(reports: readonly ObjectReport[], context: VerdictContext): Verdict {
  const failures = reports
    .flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'failed' || kind === 'held'))
    .map((line): Failure => ({ line, error: errorOf(line) }));
  const first = (disposition: string) => failures.find(({ error }) => error.disposition === disposition);

  const crash = first('crash');
  if (crash) return { kind: 'crash', error: crash.error };
  const history = nextHistory(failures, context);
  const retry = first('retry');
  if (retry) return retryOrGiveUp(retry, history, context);
  const park = first('park');
  if (park) return parkOrGiveUp(park, history, context);
  const dead = first('dead-letter');
  return dead ? { kind: 'dead-letter', error: dead.error } : { kind: 'delete' };
}

function nextHistory(failures: readonly Failure[], { message: { history }, nowMs }: VerdictContext): History {
  const real = failures.filter(({ error }) => error.disposition === 'retry' && !onlyWaits(error.code));
  const further = real.some(({ line }) => line.accepted);
  const refused = failures.some(isRefused);
  // A destination that accepts at last what it throttled has stopped refusing.
  const relieved = !refused && failures.some(({ line, error }) => error.disposition === 'park' && line.accepted);
  return {
    failures: real.length === 0 ? history.failures : further ? 1 : history.failures + 1,
    refusedSinceMs: refused ? (history.refusedSinceMs ?? nowMs) : relieved ? undefined : history.refusedSinceMs,
  };
}

/** The tenant's side takes nothing: it refuses, or throttled every call. A delivery held for its pace only waits. */
function isRefused({ line, error }: Failure): boolean {
  if (error.disposition !== 'park') return false;
  return error.code !== 'destination-throttled' || (line.kind === 'failed' && !line.accepted);
}

function retryOrGiveUp({ line, error }: Failure, history: History, context: VerdictContext): Verdict {
  // Another task should have it at once.
  if (error.code === 'stopping') return { kind: 'wait', delaySeconds: 0, error };
  if (history.failures > FAILURES_MAX || isWornOut(context)) return { kind: 'dead-letter', error };
  if (error.code === 'lease-held') {
    // The other one will be done, or its lease over, by then.
    const leaseSeconds = Math.min(LEASE_SECONDS_MAX, Math.ceil((line.retryAfterMs ?? 0) / 1000));
    return { kind: 'wait', delaySeconds: leaseSeconds + 1, error };
  }
  const delaySeconds = releaseDelaySeconds(history.failures, RETRY_DELAY, context.random);
  return { kind: 'fail', delaySeconds, history, error };
}

function parkOrGiveUp({ line, error }: Failure, history: History, context: VerdictContext): Verdict {
  const { message, nowMs, parkMs, random } = context;
  const refusedMs = nowMs - (history.refusedSinceMs ?? nowMs);
  if (refusedMs > parkMs || isWornOut(context)) return { kind: 'dead-letter', error };
  const throttled = error.code === 'destination-throttled';
  const delaySeconds = Math.max(
    Math.ceil((line.retryAfterMs ?? 0) / 1000),
    waitingDelaySeconds(refusedMs, PARK_DELAY, random),
  );
  return throttled && sameHistory(history, message.history)
    ? { kind: 'wait', delaySeconds, error }
    : { kind: 'fail', delaySeconds, history, error };
}

function isWornOut({ message }: VerdictContext): boolean {
  return message.receiveCount >= RECEIVES_MAX;
}
