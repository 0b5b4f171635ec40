import type { AwsAnswer } from '../base/aws-answer.ts';
import { DistributorError, dispositionOf, type ErrorCode } from '../base/errors.ts';
import { errorFields, type Logger } from '../base/logger.ts';
import type { Accounted } from '../core/accounted.ts';
import type { Counts } from '../core/counts.ts';
import { objectId } from '../core/notification.ts';
import type { Place } from '../core/place.ts';
import type { Permit, RateLimitAnswer } from '../run/schedule/rate-limits.ts';
import type { HeldPlace, Unanswered } from './call-watch.ts';
import type { Notice, ObjectTask } from './destination.ts';
import type { RateLimitedCall } from './rate-limiter.ts';
import type { DeliveryResult } from './run-delivery.ts';

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

/** What became of one object: a line for each of its deliveries. */
export interface ObjectReport {
  readonly lines: readonly ReportLine[];
}

export interface ReportLine {
  /** `cloudwatch`, `cloudwatch#audit`; '' where the trouble came before any delivery. */
  readonly type: string;
  /** `held`: not tried, as its destination is in trouble. */
  readonly kind: 'done' | 'duplicate' | 'skipped' | 'held' | 'failed';
  readonly counts?: Counts;
  readonly format?: string;
  /** Whether its destination accepted anything this time. */
  readonly accepted?: boolean;
  /** Who answered, or did not. */
  readonly place?: Place;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly retryAfterMs?: number;
  /** What AWS answered, where that is the reason; the message says it too. */
  readonly aws?: AwsAnswer;
  /** Something to put right, though nothing was kept from being delivered. */
  readonly notice?: Notice;
  /** Of `memory-short`: the memory with which it would go on. */
  readonly neededBytes?: number;
}

/** @param stsRegion where roles are assumed */
export function toReport(results: readonly DeliveryResult[], stsRegion: string): ObjectReport {
  return {
    lines: results.map((result) => {
      if (result.kind === 'done') {
        const { region, ...rest } = result;
        return { ...rest, place: destinationPlace(result.type, region) };
      }
      if (result.kind !== 'failed') return { ...result };
      const { error, region, ...rest } = result;
      const { code, message, retryAfterMs, aws, neededBytes } = error;
      const place = ROLE_TROUBLE.has(code)
        ? ({ service: 'sts', region: stsRegion } as const)
        : region && destinationPlace(result.type, region);
      return {
        ...rest,
        code,
        message,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(place ? { place } : {}),
        ...(aws ? { aws } : {}),
        ...(neededBytes === undefined ? {} : { neededBytes }),
      };
    }),
  };
}

const ROLE_TROUBLE: ReadonlySet<ErrorCode> = new Set(['role-refused', 'role-unavailable']);

function destinationPlace(type: string, region: string): Place {
  return { service: type === 's3' || type.startsWith('s3#') ? 's3' : 'logs', region };
}

/** Says aloud, with its stack, what nobody expected: that is our fault and not the object's, and retrying only hides it. */
export function logUnexpected(
  logger: Pick<Logger, 'error'>,
  { ref, keyFields }: ObjectTask,
  results: readonly DeliveryResult[],
): void {
  for (const result of results) {
    if (result.kind !== 'failed' || result.error.code !== 'unexpected') continue;
    const { error, type } = result;
    const stack = error.cause instanceof Error ? error.cause.stack : error.stack;
    logger.error(
      { object: objectId(ref), tenant: keyFields.tenant_id, delivery: type, ...errorFields(error), stack },
      'a delivery failed by an error of the service itself: report it with these fields',
    );
  }
}

/** The report of an object whose trouble came before or beside any delivery. */
export function failureReport(error: DistributorError): ObjectReport {
  const { code, message, aws } = error;
  return { lines: [{ type: '', kind: 'failed', code, message, ...(aws ? { aws } : {}) }] };
}

/** Whether nothing has failed: the process stops, another one is at it, or an answer is awaited. */
export function onlyWaits(code: ErrorCode | undefined): boolean {
  return code !== undefined && dispositionOf(code) === 'wait';
}

/** The error of a failed line, as it was thrown on the other side. */
export function errorOf(line: ReportLine): DistributorError {
  return new DistributorError(line.code ?? 'unexpected', line.message ?? 'no message', { aws: line.aws });
}
