import type { AwsAnswer } from '../base/aws-answer.ts';
import { DistributorError, dispositionOf, type ErrorCode } from '../base/errors.ts';
import { errorFields, type Logger } from '../base/logger.ts';
import type { Counts } from '../core/counts.ts';
import { objectId } from '../core/notification.ts';
import { type Place, STS } from '../core/place.ts';
import type { Notice, ObjectTask } from './destination.ts';
import type { DeliveryResult } from './run-delivery.ts';

/** What is told of an object's deliveries. Plain data: it is cloned on its way between threads. */

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
      if (result.kind !== 'failed') return { ...result };
      const { error, place: destination, ...rest } = result;
      const { code, message, retryAfterMs, aws, neededBytes } = error;
      const place = ROLE_TROUBLE.has(code) ? { service: STS, region: stsRegion } : destination;
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
      'a delivery failed because of an error in the service: report it with these fields',
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
