/** A log record as the platform's collectors write it, whatever the format of the object that carries it. */
export interface LogRecord {
  /** Epoch milliseconds; each format has its own way to write it. */
  readonly timestamp: number;
  readonly message: string;
  readonly customer_tenant: string;
  readonly cluster_id: string;
  readonly environment: string;
  readonly application: string;
  readonly log_level: string;
  readonly kubernetes: {
    readonly namespace: string;
    readonly pod_name: string;
    readonly container_name: string;
    readonly node_name: string;
  };
  readonly source_type: string;
  readonly file: string;
}

/** Vector reads a line this long after it was written. */
const INGESTED_AFTER_MS = 137;

/** The record's `ingest_timestamp`, epoch milliseconds. */
export function ingestedMs(record: LogRecord): number {
  return record.timestamp + INGESTED_AFTER_MS;
}

/** Severity of a line, independent of how its application spells it. */
export type Severity = 'debug' | 'info' | 'warn' | 'error';

const SEVERITIES: readonly Severity[] = ['debug', 'info', 'warn', 'error'];

/** True when `level`, in any spelling that this generator uses, is at least `least`. */
export function isAtLeast(level: string, least: Severity): boolean {
  const letter = level.charAt(0).toLowerCase();
  const rank = SEVERITIES.findIndex((severity) => severity.charAt(0) === letter);
  if (rank < 0) throw new Error(`no level of this generator: ${level}`);
  return rank >= SEVERITIES.indexOf(least);
}
