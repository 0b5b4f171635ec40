import { DistributorError, type ErrorCode } from '../base/errors.ts';
import type { Counts } from '../core/counts.ts';
import type { DeliveryResult, ObjectTask } from '../delivery/run-delivery.ts';

/** What the main thread and its workers say to each other. Plain data: it is cloned on its way. */

export type ToWorker =
  | { readonly kind: 'deliver'; readonly id: number; readonly task: ObjectTask }
  /** Give the object up: it is no longer ours to deliver. */
  | { readonly kind: 'abort'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  /** Begin nothing new, save positions, report. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'ping' }
  | { readonly kind: 'metrics'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'pong' }
  | { readonly kind: 'report'; readonly id: number; readonly report: ObjectReport }
  | { readonly kind: 'metrics'; readonly id: number; readonly metrics: readonly object[] };

/** What became of one object: a line for each of its deliveries. */
export interface ObjectReport {
  readonly lines: readonly ReportLine[];
}

export interface ReportLine {
  /** `cloudwatch`, `cloudwatch#audit`; '' where the trouble came before any delivery. */
  readonly type: string;
  readonly kind: 'done' | 'duplicate' | 'skipped' | 'failed';
  readonly counts?: Counts;
  readonly format?: string;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly retryAfterMs?: number;
}

export function toReport(results: readonly DeliveryResult[]): ObjectReport {
  return {
    lines: results.map((result) => {
      if (result.kind !== 'failed') return { ...result };
      const { error, ...rest } = result;
      return { ...rest, code: error.code, message: error.message };
    }),
  };
}

/** The report of an object whose trouble came before or beside any delivery. */
export function failureReport(error: DistributorError): ObjectReport {
  return { lines: [{ type: '', kind: 'failed', code: error.code, message: error.message }] };
}

/** The error of a failed line, as it was thrown on the other side. */
export function errorOf(line: ReportLine): DistributorError {
  return new DistributorError(line.code ?? 'unexpected', line.message ?? 'no message');
}
