import { DistributorError, type ErrorCode } from '../base/errors.ts';
import type { Accounted } from '../core/accounted.ts';
import type { Counts } from '../core/counts.ts';
import type { ObjectTask } from '../delivery/destination.ts';
import type { PacedCall } from '../delivery/pace.ts';
import type { DeliveryResult } from '../delivery/run-delivery.ts';
import type { PacedAnswer, Permit } from './pacing.ts';

/** What the main thread and its workers say to each other. Plain data: it is cloned on its way. */

export type ToWorker =
  /** `held`: types of deliveries to leave out. */
  | { readonly kind: 'deliver'; readonly id: number; readonly task: ObjectTask; readonly held: readonly string[] }
  /** Give the object up: it is no longer ours to deliver. */
  | { readonly kind: 'abort'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** Begin nothing new, save positions, report. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'ping' }
  /** From now on calls to this destination must be asked for, or need no longer be. */
  | { readonly kind: 'limit'; readonly destination: string; readonly limited: boolean }
  | { readonly kind: 'permit'; readonly id: number; readonly permit: Permit }
  | { readonly kind: 'metrics'; readonly id: number };

export type FromWorker =
  /** With how much further the thread's objects have come since it last said so; those that have not are left out. */
  | { readonly kind: 'pong'; readonly progress: readonly Progress[] }
  | { readonly kind: 'ask'; readonly id: number; readonly call: PacedCall }
  | { readonly kind: 'answered'; readonly answer: PacedAnswer }
  /** `accounted`: since the last pong. */
  | { readonly kind: 'report'; readonly id: number; readonly report: ObjectReport; readonly accounted: Accounted }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: readonly object[] };

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
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly retryAfterMs?: number;
}

export function toReport(results: readonly DeliveryResult[]): ObjectReport {
  return {
    lines: results.map((result) => {
      if (result.kind !== 'failed') return { ...result };
      const { error, ...rest } = result;
      const { code, message, retryAfterMs } = error;
      return { ...rest, code, message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }),
  };
}

/** The report of an object whose trouble came before or beside any delivery. */
export function failureReport(error: DistributorError): ObjectReport {
  return { lines: [{ type: '', kind: 'failed', code: error.code, message: error.message }] };
}

/** These say nothing about the object, only that it must wait for somebody else. */
const WAITS: ReadonlySet<ErrorCode> = new Set(['stopping', 'lease-held']);

/** Whether nothing has failed: the process stops, or another one is at it. */
export function onlyWaits(code: ErrorCode | undefined): boolean {
  return code !== undefined && WAITS.has(code);
}

/** The error of a failed line, as it was thrown on the other side. */
export function errorOf(line: ReportLine): DistributorError {
  return new DistributorError(line.code ?? 'unexpected', line.message ?? 'no message');
}
