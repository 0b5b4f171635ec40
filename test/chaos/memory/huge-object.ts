import type { LogRecord } from '../../../local/workload/record.ts';

/** An object that is larger than the memory that it takes: the same records again and again, in pieces that repeat. */
export interface HugeObject {
  readonly key: string;
  readonly pieces: readonly Buffer[];
  /** Each of these is in it `rounds` times. */
  readonly records: readonly LogRecord[];
  readonly rounds: number;
}

export interface HugeObjectOptions {
  readonly seed: string;
  readonly tenantId: string;
  /** How large it must be at least: NDJSON uncompressed, a row group of Parquet as it lies in the file. */
  readonly bytes: number;
  readonly nowMs: number;
}

/** A record with a time and a message, and nothing else. */
export function plainRecord({
  timestamp,
  message,
  tenantId,
}: {
  readonly timestamp: number;
  readonly message: string;
  readonly tenantId: string;
}): LogRecord {
  return {
    timestamp,
    message,
    customer_tenant: tenantId,
    cluster_id: '',
    environment: '',
    application: '',
    log_level: '',
    kubernetes: { namespace: '', pod_name: '', container_name: '', node_name: '' },
    source_type: '',
    file: '',
  };
}
