import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceInUseException,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { TableKeys } from '../../service/core/tables.ts';
import type { ProvisionDeps } from './deps.ts';

export interface TableSpec {
  readonly name: string;
  readonly keys: TableKeys;
  /** The attribute by which items expire, epoch seconds. Default: they do not. */
  readonly expiresAt?: string;
  /** An index over the items that have its partition key, which is text; it has keys only. Default: none. */
  readonly index?: TableIndex;
}

export interface TableIndex {
  readonly name: string;
  readonly partition: string;
  /** A key of the table. */
  readonly sort: string;
}

const POLL_MS = 50;
const ATTEMPTS_MAX = 1_200;

/** Creates a table unless it exists, and waits until it can be used. */
export async function provisionTable({ dynamo }: ProvisionDeps, spec: TableSpec): Promise<void> {
  const { name, keys, expiresAt } = spec;
  try {
    await dynamo.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: definitions(spec),
        KeySchema: [
          { AttributeName: keys.partition, KeyType: 'HASH' },
          { AttributeName: keys.sort, KeyType: 'RANGE' },
        ],
        ...(spec.index ? { GlobalSecondaryIndexes: [indexOf(spec.index)] } : {}),
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await untilActive(dynamo, name);
  await provisionIndex(dynamo, spec);
  if (expiresAt === undefined) return;
  const { TimeToLiveDescription: current } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: name }));
  if (current?.TimeToLiveStatus === 'ENABLED' || current?.TimeToLiveStatus === 'ENABLING') return;
  const specification = { AttributeName: expiresAt, Enabled: true };
  await dynamo.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: specification }));
}

/** A table of an earlier version has none. */
async function provisionIndex(dynamo: ProvisionDeps['dynamo'], spec: TableSpec): Promise<void> {
  const { name, index } = spec;
  if (!index) return;
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
  if (Table?.GlobalSecondaryIndexes?.some(({ IndexName }) => IndexName === index.name)) return;
  await dynamo.send(
    new UpdateTableCommand({
      TableName: name,
      AttributeDefinitions: definitions(spec),
      GlobalSecondaryIndexUpdates: [{ Create: indexOf(index) }],
    }),
  );
  await untilActive(dynamo, name);
}

function definitions({ keys, index }: TableSpec) {
  const names = new Set([keys.partition, keys.sort, ...(index ? [index.partition, index.sort] : [])]);
  return [...names].map((name) => ({ AttributeName: name, AttributeType: 'S' as const }));
}

function indexOf({ name, partition, sort }: TableIndex) {
  return {
    IndexName: name,
    KeySchema: [
      { AttributeName: partition, KeyType: 'HASH' as const },
      { AttributeName: sort, KeyType: 'RANGE' as const },
    ],
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  };
}

async function untilActive(dynamo: ProvisionDeps['dynamo'], name: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
    const indexes = Table?.GlobalSecondaryIndexes ?? [];
    if (Table?.TableStatus === 'ACTIVE' && indexes.every(({ IndexStatus }) => IndexStatus === 'ACTIVE')) return;
    await delay(POLL_MS);
  }
  throw new Error(`table ${name} was not active after ${(ATTEMPTS_MAX * POLL_MS) / 1000} s`);
}
