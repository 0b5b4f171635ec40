import { CloudwatchLogGroup } from '@cdktn/provider-aws/lib/cloudwatch-log-group/index.js';
import { CloudwatchLogStream } from '@cdktn/provider-aws/lib/cloudwatch-log-stream/index.js';
import { GlueCatalogDatabase } from '@cdktn/provider-aws/lib/glue-catalog-database/index.js';
import { GlueCatalogTable } from '@cdktn/provider-aws/lib/glue-catalog-table/index.js';
import type { IamRole } from '@cdktn/provider-aws/lib/iam-role/index.js';
import { KinesisFirehoseDeliveryStream } from '@cdktn/provider-aws/lib/kinesis-firehose-delivery-stream/index.js';
import type { S3Bucket } from '@cdktn/provider-aws/lib/s3-bucket/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Names } from '../names.ts';
import type { ObjectLayout } from '../object-layout.ts';
import { firehoseRolePolicy, firehoseTrust } from '../policies/firehose.ts';
import { RECORD_COLUMNS } from '../record.ts';
import type { Keys } from './keys.ts';
import { createRole } from './role.ts';

const MEGABYTE = 1024 * 1024;
const PARQUET = {
  input: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  output: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  serde: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
};

export interface IngestionDeps {
  readonly config: Config;
  readonly names: Names;
  readonly layout: ObjectLayout;
  readonly bucket: S3Bucket;
  readonly keys: Keys;
}

/** Firehose: takes records, sorts them by tenant, writes them as Parquet under the key template. */
export function createIngestion(parent: Construct, deps: IngestionDeps): KinesisFirehoseDeliveryStream {
  const { config, names, layout, bucket, keys } = deps;
  const { ingestion } = config;
  const scope = new Construct(parent, 'ingestion');
  const { role, policy } = createRole(scope, 'role', {
    name: names.firehoseRole,
    trust: firehoseTrust(names),
    policy: firehoseRolePolicy(names, layout, keys.data),
  });
  const table = createSchema(scope, names, bucket, layout.logsPrefix);
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

/** The schema of a record. Firehose takes its columns from here, and Athena can query the bucket by it. */
function createSchema(scope: Construct, names: Names, bucket: S3Bucket, logsPrefix: string): GlueCatalogTable {
  const database = new GlueCatalogDatabase(scope, 'database', { name: names.glueDatabase });
  return new GlueCatalogTable(scope, 'table', {
    databaseName: database.name,
    name: names.glueTable,
    tableType: 'EXTERNAL_TABLE',
    parameters: { classification: 'parquet' },
    storageDescriptor: {
      location: `s3://${bucket.bucket}/${logsPrefix}`,
      inputFormat: PARQUET.input,
      outputFormat: PARQUET.output,
      serDeInfo: { serializationLibrary: PARQUET.serde, parameters: { 'serialization.format': '1' } },
      columns: RECORD_COLUMNS.map((column) => ({ ...column })),
    },
  });
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
