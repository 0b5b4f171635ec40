import type { ErrorCode } from '../../base/errors.ts';
import type { Accounted } from '../../core/accounted.ts';
import type { HeldPlace, Unanswered } from '../../delivery/call-watch.ts';
import type { ObjectTask } from '../../delivery/destination.ts';
import type { RateLimitedCall } from '../../delivery/rate-limiter.ts';
import type { ObjectReport } from '../../delivery/report.ts';
import type { Permit, RateLimitAnswer } from '../schedule/rate-limits.ts';

/** What the main thread and its workers say to each other. Plain data: it is cloned on its way. */

export type ToWorker =
  | ({ readonly kind: 'deliver'; readonly id: number; readonly task: ObjectTask } & Order)
  /** Give the object up: it is no longer ours to deliver. */
  | { readonly kind: 'abort'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** Begin nothing new, save positions, report. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'ping' }
  /** From now on calls to this destination must be asked for, or need no longer be. */
  | { readonly kind: 'limit'; readonly destination: string; readonly limited: boolean }
  /** Nothing at a place answers; absent `held`: something does again. */
  | { readonly kind: 'place'; readonly key: string; readonly held?: HeldPlace }
  | { readonly kind: 'permit'; readonly id: number; readonly permit: Permit }
  | { readonly kind: 'metrics'; readonly id: number };

export type FromWorker =
  /** With how much further the thread's objects have come since it last said so; those that have not are left out. */
  | { readonly kind: 'pong'; readonly progress: readonly Progress[] }
  /** A call of an object has no answer yet, or all that had none have theirs. */
  | { readonly kind: 'unanswered'; readonly id: number; readonly call: Unanswered }
  | { readonly kind: 'answered'; readonly id: number; readonly type: string }
  | { readonly kind: 'ask'; readonly id: number; readonly call: RateLimitedCall }
  | { readonly kind: 'rate-limit-answer'; readonly answer: RateLimitAnswer }
  /** `accounted`: since the last pong. */
  | { readonly kind: 'report'; readonly id: number; readonly report: ObjectReport; readonly accounted: Accounted }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: readonly object[] };

/** What an object is to leave out, and what it is to try although it is held. */
export interface Order {
  /** Types of deliveries to leave out. */
  readonly held: readonly string[];
  /** Keys of held places that this object is to find out about. */
  readonly probes: readonly string[];
}

export interface Progress {
  readonly id: number;
  readonly accounted: Accounted;
}
