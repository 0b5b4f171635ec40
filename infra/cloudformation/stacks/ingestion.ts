import { firehoseRolePolicy, firehoseTrust } from '../../policies/firehose.ts';
import { writerRolePolicy, writerTrust } from '../../policies/writer.ts';
import { PARQUET_BLOCKS_MB } from '../choices.ts';
import {
  findInMap,
  getAtt,
  ifElse,
  type Json,
  type JsonObject,
  join,
  ref,
  select,
  split,
  sub,
  toJson,
} from '../intrinsics.ts';
import { LAYOUT } from '../key-template.ts';
import { textOf } from '../placeholders.ts';
import { type Resource, type Stack, when } from '../stack.ts';
import { NAMES, NUMBERS, symbolicConfig } from '../symbolic.ts';
import { vary } from '../vary.ts';
import { keyInput } from './inputs.ts';
import { logGroup } from './log-group.ts';
import { tableResources } from './log-table.ts';
import { role } from './role.ts';

const MEGABYTE = 1024 * 1024;
const FIREHOSE = 'WithFirehose';

/** Firehose with its schema, and the role of collectors. */
export function ingestionStack(): Stack {
  return {
    description: 'Log distributor: Firehose, the schema of a record, the role of collectors',
    mappings: { ParquetBlocks: PARQUET_BLOCKS },
    inputs: {
      ...keyInput('Data'),
      ...keyInput('Logs'),
      GlueDatabase: {
        description: 'Project and environment without hyphens, which Athena would want in quotes',
        value: join('_', { 'Fn::Split': ['-', { 'Fn::Sub': `${textOf('Project')}-${textOf('Environment')}` }] }),
      },
      EksOidcProvider: {
        description: 'EksOidcIssuer without https://',
        // Never without a second part, whatever is split.
        value: select(1, split('https://', sub(`${textOf('EksOidcIssuer')}https://`))),
      },
      WriterPrincipals: {
        description: 'ARNs with quotes and commas between, as they stand in a JSON list',
        value: join('","', split(',', ref('WriterPrincipals'))),
      },
    },
    resources: {
      FirehoseRole: when(FIREHOSE, firehoseRole()),
      ...tableResources(),
      FirehoseErrors: when(FIREHOSE, logGroup(NAMES.firehoseLogGroup)),
      FirehoseErrorsStream: when(FIREHOSE, {
        Type: 'AWS::Logs::LogStream',
        Properties: { LogGroupName: ref('FirehoseErrors'), LogStreamName: 'delivery' },
      }),
      DeliveryStream: when(FIREHOSE, deliveryStream()),
      WriterRole: when('HasWriter', writerRole()),
    },
    outputs: {
      DeliveryStream: { Description: 'Where collectors write to', Condition: FIREHOSE, Value: ref('DeliveryStream') },
      WriterRoleArn: {
        Description: 'Role of collectors',
        Condition: 'HasWriter',
        Value: getAtt('WriterRole', 'Arn'),
      },
    },
  };
}

const PARQUET_BLOCKS: JsonObject = Object.fromEntries(
  PARQUET_BLOCKS_MB.map((megabytes) => [String(megabytes), { Bytes: megabytes * MEGABYTE }]),
);

function firehoseRole(): Resource {
  const policy = vary(['WithOwnKeys'], (on) =>
    toJson(firehoseRolePolicy(NAMES, LAYOUT, on.WithOwnKeys ? textOf('DataKeyArn') : undefined)),
  );
  return role(NAMES.firehoseRole, firehoseTrust(NAMES), policy);
}

function deliveryStream(): Resource {
  return {
    Type: 'AWS::KinesisFirehose::DeliveryStream',
    Properties: {
      DeliveryStreamName: NAMES.deliveryStream,
      DeliveryStreamType: 'DirectPut',
      DeliveryStreamEncryptionConfigurationInput: ifElse(
        'WithOwnKeys',
        { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: textOf('DataKeyArn') },
        { KeyType: 'AWS_OWNED_CMK' },
      ),
      ExtendedS3DestinationConfiguration: {
        RoleARN: getAtt('FirehoseRole', 'Arn'),
        BucketARN: NAMES.bucketArn,
        Prefix: LAYOUT.firehosePrefix,
        ErrorOutputPrefix: LAYOUT.firehoseErrorOutputPrefix,
        BufferingHints: {
          SizeInMBs: NUMBERS.of('BufferSizeMb'),
          IntervalInSeconds: NUMBERS.of('BufferIntervalSeconds'),
        },
        CompressionFormat: 'UNCOMPRESSED',
        FileExtension: '.parquet',
        DynamicPartitioningConfiguration: { Enabled: true, RetryOptions: { DurationInSeconds: 300 } },
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            ifElse('WithDeaggregation', {
              Type: 'RecordDeAggregation',
              Parameters: [{ ParameterName: 'SubRecordType', ParameterValue: 'JSON' }],
            }),
            {
              Type: 'MetadataExtraction',
              Parameters: [
                { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
                { ParameterName: 'MetadataExtractionQuery', ParameterValue: LAYOUT.partitionQuery },
              ],
            },
          ],
        },
        DataFormatConversionConfiguration: conversion(),
        CloudWatchLoggingOptions: {
          Enabled: true,
          LogGroupName: ref('FirehoseErrors'),
          LogStreamName: ref('FirehoseErrorsStream'),
        },
      },
    },
  };
}

function conversion(): Json {
  return {
    Enabled: true,
    InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
    OutputFormatConfiguration: {
      Serializer: {
        ParquetSerDe: {
          Compression: 'SNAPPY',
          BlockSizeBytes: findInMap('ParquetBlocks', ref('ParquetBlockMb'), 'Bytes'),
          PageSizeBytes: MEGABYTE,
        },
      },
    },
    SchemaConfiguration: {
      DatabaseName: NAMES.glueDatabase,
      TableName: ref('Table'),
      Region: textOf('AWS::Region'),
      RoleARN: getAtt('FirehoseRole', 'Arn'),
    },
  };
}

/**
 * Its trust policy is JSON as text: the name of the EKS cluster's provider stands in the keys of a condition, where
 * CloudFormation replaces nothing.
 */
function writerRole(): Resource {
  const trust = (eks: boolean, principals: boolean) => {
    const { writers } = symbolicConfig();
    return JSON.stringify(
      writerTrust(NAMES, {
        eks: eks ? writers.eks : undefined,
        principals: principals ? writers.principals : [],
        externalId: writers.externalId,
      }),
    );
  };
  const policy = vary(['WithFirehose', 'WithOwnKeys'], (on) =>
    toJson(writerRolePolicy(NAMES, LAYOUT, on.WithFirehose, on.WithOwnKeys ? textOf('DataKeyArn') : undefined)),
  );
  const document = ifElse(
    'WithEksWriter',
    ifElse('WithPrincipals', trust(true, true), trust(true, false)),
    trust(false, true),
  );
  return role(NAMES.writerRole, document, policy);
}
