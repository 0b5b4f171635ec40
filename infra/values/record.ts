/**
 * The columns of a log record, as Firehose writes them to Parquet: the one definition of the schema on this side. The
 * tests hold it against the fields that the service decodes and against the files that its own tests are made of.
 */
export interface Column {
  readonly name: string;
  /** A type of Hive, which Glue's catalog speaks. */
  readonly type: string;
  readonly comment: string;
}

const KUBERNETES = ['namespace', 'pod_name', 'container_name', 'node_name'];

export const RECORD_COLUMNS: readonly Column[] = [
  { name: 'timestamp', type: 'timestamp', comment: 'When the line was written' },
  { name: 'ingest_timestamp', type: 'timestamp', comment: 'When the collector read the line' },
  { name: 'message', type: 'string', comment: 'The line' },
  { name: 'customer_tenant', type: 'string', comment: 'Whose it is: the partition of the object must say the same' },
  { name: 'cluster_id', type: 'string', comment: 'Cluster it comes from' },
  { name: 'environment', type: 'string', comment: 'Environment of the cluster' },
  { name: 'application', type: 'string', comment: 'Application that wrote it' },
  { name: 'log_level', type: 'string', comment: 'Severity, in the words of the application' },
  {
    name: 'kubernetes',
    type: `struct<${KUBERNETES.map((field) => `${field}:string`).join(',')}>`,
    comment: 'Pod that wrote it',
  },
  { name: 'source_type', type: 'string', comment: 'Collector source' },
  { name: 'file', type: 'string', comment: 'File that it was read from' },
];
