import { CloudwatchLogGroup } from '@cdktn/provider-aws/lib/cloudwatch-log-group/index.js';
import { CloudwatchLogStream } from '@cdktn/provider-aws/lib/cloudwatch-log-stream/index.js';
import { GlueCatalogDatabase } from '@cdktn/provider-aws/lib/glue-catalog-database/index.js';
import { GlueCatalogTable } from '@cdktn/provider-aws/lib/glue-catalog-table/index.js';
import type { IamRole } from '@cdktn/provider-aws/lib/iam-role/index.js';
import { KinesisFirehoseDeliveryStream } from '@cdktn/provider-aws/lib/kinesis-firehose-delivery-stream/index.js';
import type { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { firehoseRolePolicy, firehoseTrust } from '../policies/firehose.ts';
import { type LogTable, logTableOf } from '../values/athena.ts';
import type { Names } from '../values/names.ts';
import type { ObjectLayout } from '../values/object-layout.ts';
import type { Keys } from './keys.ts';
import { createRole } from './role.ts';

const MEGABYTE = 1024 * 1024;

export interface IngestionDeps {
  readonly config: Config;
  readonly names: Names;
  readonly layout: ObjectLayout;
  readonly bucket: S3Bucket;
  readonly keys: Keys;
}

/** The table that the bucket is queried by; and Firehose, where Vector does not write the objects itself. */
export function createIngestion(parent: Construct, deps: IngestionDeps): KinesisFirehoseDeliveryStream | undefined {
  const scope = new Construct(parent, 'ingestion');
  const table = createTable(scope, deps.names, logTableOf(deps.config, deps.names, deps.layout), deps.bucket);
  return deps.config.ingestion.firehose ? createStream(scope, deps, table) : undefined;
}

/** Firehose: takes records, sorts them by tenant, writes them as Parquet under the key template. */
function createStream(scope: Construct, deps: IngestionDeps, table: GlueCatalogTable): KinesisFirehoseDeliveryStream {
  const { config, names, layout, bucket, keys } = deps;
  const { ingestion } = config;
  const { role, policy } = createRole(scope, 'role', {
    name: names.firehoseRole,
    iam: config.iam,
    trust: firehoseTrust(names),
    policy: firehoseRolePolicy(names, layout, keys.data),
  });
  const errors = createErrorLog(scope, config, names, keys.logs);
  return new KinesisFirehoseDeliveryStream(scope, 'stream', {
    name: names.deliveryStream,
    destination: 'extended_s3',
    serverSideEncryption:
      keys.data === undefined
        ? { enabled: true, keyType: 'AWS_OWNED_CMK' }
        : { enabled: true, keyType: 'CUSTOMER_MANAGED_CMK', keyArn: keys.data },
    extendedS3Configuration: {
      roleArn: role.arn,
      bucketArn: bucket.arn,
      prefix: layout.firehosePrefix,
      errorOutputPrefix: layout.firehoseErrorOutputPrefix,
      bufferingSize: ingestion.bufferSizeMb,
      bufferingInterval: ingestion.bufferIntervalSeconds,
      // Required with conversion: the Parquet serializer compresses (Firehose developer guide, "Record format conversion").
      compressionFormat: 'UNCOMPRESSED',
      fileExtension: '.parquet',
      dynamicPartitioningConfiguration: { enabled: true, retryDuration: 300 },
      processingConfiguration: {
        enabled: true,
        processors: [
          // Before the partition of a record is read (Firehose developer guide, "Deaggregation").
          ...(ingestion.deaggregate
            ? [
                {
                  type: 'RecordDeAggregation',
                  parameters: [{ parameterName: 'SubRecordType', parameterValue: 'JSON' }],
                },
              ]
            : []),
          {
            type: 'MetadataExtraction',
            parameters: [
              { parameterName: 'JsonParsingEngine', parameterValue: 'JQ-1.6' },
              { parameterName: 'MetadataExtractionQuery', parameterValue: layout.partitionQuery },
            ],
          },
        ],
      },
      dataFormatConversionConfiguration: createConversion(ingestion.parquetBlockMb, names, table, role),
      cloudwatchLoggingOptions: { enabled: true, logGroupName: errors.group.name, logStreamName: errors.stream.name },
    },
    // Firehose looks at bucket and schema with the role when the stream is made.
    dependsOn: [policy],
  });
}

function createConversion(blockMb: number, names: Names, table: GlueCatalogTable, role: IamRole) {
  return {
    enabled: true,
    // Reads RFC 3339 with up to nine digits of a fraction, and epoch seconds and milliseconds, which is what Vector and
    // others write; the Hive deserializer needs each format spelled out (Firehose developer guide, "Deserializer").
    inputFormatConfiguration: { deserializer: { openXJsonSerDe: {} } },
    outputFormatConfiguration: {
      serializer: {
        parquetSerDe: { compression: 'SNAPPY', blockSizeBytes: blockMb * MEGABYTE, pageSizeBytes: MEGABYTE },
      },
    },
    schemaConfiguration: {
      databaseName: names.glueDatabase,
      tableName: table.name,
      region: names.place.region,
      roleArn: role.arn,
    },
  };
}

/** The table. Firehose takes the columns of its Parquet from here, and Athena queries the bucket by it. */
function createTable(scope: Construct, names: Names, table: LogTable, bucket: S3Bucket): GlueCatalogTable {
  const database = new GlueCatalogDatabase(scope, 'database', { name: names.glueDatabase });
  return new GlueCatalogTable(scope, 'table', {
    databaseName: database.name,
    name: names.glueTable,
    tableType: 'EXTERNAL_TABLE',
    parameters: Object.fromEntries(
      Object.entries(table.parameters).map(([name, value]) => [name, escapeColumns(value, table)]),
    ),
    partitionKeys: table.partitionKeys.map((column) => ({ ...column })),
    storageDescriptor: {
      location: table.location,
      inputFormat: table.inputFormat,
      outputFormat: table.outputFormat,
      serDeInfo: {
        serializationLibrary: table.serializationLibrary,
        parameters: { ...table.serializationParameters },
      },
      columns: table.columns.map((column) => ({ ...column })),
    },
    dependsOn: [bucket],
  });
}

/** `${column}` is Athena's, and must not be taken for a reference of Terraform's. */
function escapeColumns(text: string, { partitionKeys }: LogTable): string {
  return partitionKeys.reduce((escaped, { name }) => escaped.replaceAll(`\${${name}}`, `$$\${${name}}`), text);
}

function createErrorLog(scope: Construct, config: Config, names: Names, keyArn: string | undefined) {
  const group = new CloudwatchLogGroup(scope, 'errors', {
    name: names.firehoseLogGroup,
    retentionInDays: config.distributor.logRetentionDays,
    ...(keyArn === undefined ? {} : { kmsKeyId: keyArn }),
  });
  const stream = new CloudwatchLogStream(scope, 'errors-stream', { name: 'delivery', logGroupName: group.name });
  return { group, stream };
}
