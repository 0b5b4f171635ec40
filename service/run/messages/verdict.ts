import type { QueueMessage } from '../../aws/queue.ts';
import type { Disposition, DistributorError } from '../../base/errors.ts';
import { LEASE_SECONDS_MAX } from '../../base/settings.ts';
import { releaseDelaySeconds, waitingDelaySeconds } from '../../core/backoff.ts';
import { type History, sameHistory } from '../../core/history.ts';
import { RECEIVES_MAX } from '../../core/receives.ts';
import { errorOf, type ObjectReport, type ReportLine } from '../../delivery/report.ts';

/** What happens to a message once all its objects have been worked on. */
export type Verdict =
  | { readonly kind: 'delete' }
  /** It only waits: for another process, for its destination's rate limit. It becomes invisible, and remembers nothing new. */
  | ({ readonly kind: 'wait' } & Delay)
  /** It failed, or was refused: it is sent anew, and remembers. */
  | ({ readonly kind: 'fail'; readonly history: History } & Delay)
  | { readonly kind: 'dead-letter'; readonly error: DistributorError }
  | { readonly kind: 'crash'; readonly error: DistributorError };

interface Delay {
  readonly delaySeconds: number;
  readonly error: DistributorError;
  /** When it becomes a dead letter if its destination goes on taking nothing, epoch milliseconds; undefined: not so far. */
  readonly deadLetterAtMs: number | undefined;
}

export interface VerdictContext {
  readonly message: Pick<QueueMessage, 'receiveCount' | 'history'>;
  readonly nowMs: number;
  /** A message whose destination has taken nothing for longer than this becomes a dead letter. */
  readonly parkMs: number;
  /** The longest between two tries of a destination that does not answer. */
  readonly probeMs: number;
  readonly random: () => number;
}

const RETRY_DELAY = { firstSeconds: 5, capSeconds: 900 };
/** Attempts in a row that came no further; with the delays above, seven hours and more. */
const FAILURES_MAX = 45;
/** At first until the next probe; the cap is the longest that SQS keeps a new message back. */
const PARK_DELAY = { firstSeconds: 1, capSeconds: 900 };
/** What may still succeed, the gravest first: its error is the message's. */
const MAY_SUCCEED: readonly Disposition[] = ['retry', 'park', 'pace', 'wait'];

interface Failure {
  readonly line: ReportLine;
  readonly error: DistributorError;
}

/**
 * A broken invariant ends the process. What may still succeed keeps the message, which comes back when the first of its
 * deliveries may be tried again; only when nothing is left to try does what failed for good decide. What counts is how
 * often the message has failed and how long its destinations have taken nothing, never how often it was received.
 */
export function decide(reports: readonly ObjectReport[], context: VerdictContext): Verdict {
  const failures = reports
    .flatMap(({ lines }) => lines.filter(({ kind }) => kind === 'failed' || kind === 'held'))
    .map((line): Failure => ({ line, error: errorOf(line) }))
    .sort((a, b) => gravity(a) - gravity(b));
  if (failures.length === 0) return { kind: 'delete' };
  const crash = failures.find(({ error }) => error.disposition === 'crash');
  if (crash) return { kind: 'crash', error: crash.error };

  const history = nextHistory(failures, context);
  const left = failures.filter((failure) => !isOver(failure, history, context));
  const [gravest] = left;
  if (!gravest) return { kind: 'dead-letter', error: (failures[0] as Failure).error };
  const { refusedSinceMs } = history;
  const delay = {
    delaySeconds: Math.min(...left.map((failure) => delaySecondsOf(failure, history, context))),
    error: gravest.error,
    deadLetterAtMs: refusedSinceMs === undefined ? undefined : refusedSinceMs + context.parkMs,
  };
  const fails = left.some(({ error }) => error.disposition === 'retry' || error.disposition === 'park');
  return fails || !sameHistory(history, context.message.history)
    ? { kind: 'fail', history, ...delay }
    : { kind: 'wait', ...delay };
}

/** What failed for good comes last. */
function gravity({ error }: Failure): number {
  const at = MAY_SUCCEED.indexOf(error.disposition);
  return at === -1 ? MAY_SUCCEED.length : at;
}

function nextHistory(failures: readonly Failure[], { message: { history }, nowMs }: VerdictContext): History {
  const real = failures.filter(({ error }) => error.disposition === 'retry');
  const further = real.some(({ line }) => line.accepted);
  const refused = failures.some(takesNothing);
  // A destination that accepts at last what it throttled or left unanswered has stopped refusing.
  const relieved = !refused && failures.some(({ line, error }) => isTenants(error) && line.accepted);
  return {
    failures: real.length === 0 ? history.failures : further ? 1 : history.failures + 1,
    refusedSinceMs: refused ? (history.refusedSinceMs ?? nowMs) : relieved ? undefined : history.refusedSinceMs,
  };
}

/** Trouble of the tenant's side. */
function isTenants({ disposition }: DistributorError): boolean {
  return disposition === 'park' || disposition === 'pace';
}

/** The tenant's side refuses, is silent, or throttled every call. A delivery that its rate limit holds only waits. */
function takesNothing({ line, error }: Failure): boolean {
  if (!isTenants(error) || line.accepted) return false;
  return error.disposition === 'park' || line.kind === 'failed';
}

/** Whether nothing is left to try. */
function isOver({ error }: Failure, history: History, { message, nowMs, parkMs }: VerdictContext): boolean {
  const wornOut = message.receiveCount >= RECEIVES_MAX;
  switch (error.disposition) {
    case 'retry':
      return wornOut || history.failures > FAILURES_MAX;
    case 'park':
    case 'pace':
      return wornOut || nowMs - (history.refusedSinceMs ?? nowMs) > parkMs;
    case 'wait':
      // Another task shall have it at once, however often it was received.
      return wornOut && error.code !== 'stopping';
    default:
      return true;
  }
}

function delaySecondsOf({ line, error }: Failure, history: History, context: VerdictContext): number {
  const afterSeconds = Math.ceil((line.retryAfterMs ?? 0) / 1000);
  const refusedMs = context.nowMs - (history.refusedSinceMs ?? context.nowMs);
  const parkedSeconds = (capSeconds: number) =>
    Math.max(afterSeconds, waitingDelaySeconds(refusedMs, { ...PARK_DELAY, capSeconds }, context.random));
  switch (error.code) {
    case 'stopping':
      return 0;
    case 'lease-held':
      // The other one will be done, or its lease over, by then.
      return Math.min(LEASE_SECONDS_MAX, afterSeconds) + 1;
    case 'answer-awaited':
      return afterSeconds;
    case 'role-unavailable':
    case 'destination-unavailable':
      // What heals by itself is found healed as soon as a probe may find it.
      return parkedSeconds(Math.min(PARK_DELAY.capSeconds, context.probeMs / 1000));
  }
  if (isTenants(error)) return parkedSeconds(PARK_DELAY.capSeconds);
  return releaseDelaySeconds(history.failures, RETRY_DELAY, context.random);
}
