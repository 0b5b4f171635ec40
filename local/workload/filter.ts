import { isAtLeast, type LogRecord, type Severity } from './record.ts';

/** What a tenant wants, as its configuration says it: `desired_logs` and `min_log_level`. */
export interface Wanted {
  /** Names of applications; absent: all. */
  readonly applications?: readonly string[];
  readonly minLevel?: Severity;
}

/**
 * True when CloudWatch must hold this record. Written apart from the service's own filter on purpose: two answers to one
 * question are what makes the comparison worth something.
 */
export function isWanted(record: LogRecord, wanted: Wanted): boolean {
  if (wanted.applications && !wanted.applications.includes(record.application)) return false;
  if (wanted.minLevel && !isAtLeast(record.log_level, wanted.minLevel)) return false;
  return record.message !== '';
}
