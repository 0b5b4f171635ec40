import type { Config } from '../config/config.ts';
import type { Names } from './names.ts';
import { type ObjectLayout, TIME_KEYS } from './object-layout.ts';
import { type Column, RECORD_COLUMNS } from './record.ts';

/**
 * The table that Athena queries the central bucket by, as plain values. Athena computes its partitions from the query
 * (partition projection), so nobody registers them, and a query lists only the prefixes that its conditions name.
 */
export interface LogTable {
  readonly location: string;
  readonly inputFormat: string;
  readonly outputFormat: string;
  readonly serializationLibrary: string;
  readonly serializationParameters: Readonly<Record<string, string>>;
  readonly columns: readonly Column[];
  readonly partitionKeys: readonly Column[];
  readonly parameters: Readonly<Record<string, string>>;
}

const FORMATS = {
  parquet: {
    inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
    serializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
    serializationParameters: { 'serialization.format': '1' },
  },
  json: {
    inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
    outputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
    // A line that is no JSON is quarantined by the service; it must not end a query.
    serializationParameters: { 'ignore.malformed.json': 'true' },
  },
} as const;

/** Values of the keys of time, as Athena projects them: from, to, and digits with leading zeros. */
const TIME_RANGES: Readonly<Record<(typeof TIME_KEYS)[number], readonly [range: string, digits: number]>> = {
  year: ['2024,2099', 4],
  month: ['1,12', 2],
  day: ['1,31', 2],
  hour: ['0,23', 2],
};

/** Firehose writes Parquet; without it, Vector writes gzip NDJSON under the same keys. */
export function logTableOf(
  config: Pick<Config, 'ingestion'>,
  names: Pick<Names, 'bucket'>,
  layout: ObjectLayout,
): LogTable {
  const { firehose, partitionValues } = config.ingestion;
  const format = firehose ? 'parquet' : 'json';
  const bucket = `s3://${names.bucket}/`;
  return {
    location: `${bucket}${layout.logsPrefix}`,
    ...FORMATS[format],
    columns: RECORD_COLUMNS.map((column) => (firehose ? column : asJson(column))),
    partitionKeys: [
      ...layout.placeholders.map((name) => ({
        name: partitionColumnOf(name),
        type: 'string',
        comment: `{${name}} of the object key`,
      })),
      ...TIME_KEYS.map((name) => ({ name, type: 'string', comment: `The ${name}, in UTC, of the object key` })),
    ],
    parameters: {
      classification: format,
      'projection.enabled': 'true',
      ...Object.assign({}, ...layout.placeholders.map((name) => projectionOf(name, partitionValues[name]))),
      ...Object.assign({}, ...TIME_KEYS.map(timeProjectionOf)),
      'storage.location.template': `${bucket}${layout.partitionTemplate(partitionColumnOf)}`,
    },
  };
}

/**
 * Column of a placeholder of the key template. A table cannot have a column and a partition of one name, and a record
 * has `cluster_id` and `environment` too: these are `key_cluster_id` and `key_environment`.
 */
export function partitionColumnOf(placeholder: string): string {
  const taken = [...RECORD_COLUMNS.map(({ name }) => name), ...TIME_KEYS];
  return taken.includes(placeholder) ? `key_${placeholder}` : placeholder;
}

/**
 * `enum` of the values that the settings name; otherwise `injected`: a query must say which, since there is nothing to
 * list them from (Athena user guide, "Supported types for partition projection").
 */
function projectionOf(placeholder: string, values: readonly string[] | undefined): Record<string, string> {
  const property = `projection.${partitionColumnOf(placeholder)}`;
  if (values === undefined || values.length === 0) return { [`${property}.type`]: 'injected' };
  return { [`${property}.type`]: 'enum', [`${property}.values`]: values.join(',') };
}

function timeProjectionOf(key: (typeof TIME_KEYS)[number]): Record<string, string> {
  const [range, digits] = TIME_RANGES[key];
  const property = `projection.${key}`;
  return { [`${property}.type`]: 'integer', [`${property}.range`]: range, [`${property}.digits`]: String(digits) };
}

/** Times in JSON are text in RFC 3339, which Athena's type `timestamp` does not read; queries use from_iso8601_timestamp. */
function asJson(column: Column): Column {
  return column.type === 'timestamp' ? { ...column, type: 'string' } : column;
}
