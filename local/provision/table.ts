import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { TableKeys } from '../../service/core/tables.ts';
import type { ProvisionDeps } from './deps.ts';

export interface TableSpec {
  readonly name: string;
  readonly keys: TableKeys;
  /** The attribute by which items expire, epoch seconds. Default: they do not. */
  readonly expiresAt?: string;
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
        AttributeDefinitions: [keys.partition, keys.sort].map((key) => ({
          AttributeName: key,
          AttributeType: 'S' as const,
        })),
        KeySchema: [
          { AttributeName: keys.partition, KeyType: 'HASH' },
          { AttributeName: keys.sort, KeyType: 'RANGE' },
        ],
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await untilActive(dynamo, name);
  if (expiresAt === undefined) return;
  const { TimeToLiveDescription: current } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: name }));
  if (current?.TimeToLiveStatus === 'ENABLED' || current?.TimeToLiveStatus === 'ENABLING') return;
  const specification = { AttributeName: expiresAt, Enabled: true };
  await dynamo.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: specification }));
}

async function untilActive(dynamo: ProvisionDeps['dynamo'], name: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.TableStatus === 'ACTIVE') return;
    await delay(POLL_MS);
  }
  throw new Error(`table ${name} was not active after ${(ATTEMPTS_MAX * POLL_MS) / 1000} s`);
}
