import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import dynalite from 'dynalite';
import type { Call, DynamoApi } from '../../service/aws/api.ts';
import { createTableCalls } from '../../service/aws/calls.ts';
import { createDynamoClient } from '../../service/aws/sdk/dynamo.ts';
import { LEDGER_TABLE_KEYS, RECEIPT_INDEX, type TableKeys, TENANT_TABLE_KEYS } from '../../service/core/tables.ts';
import { placeOf } from './aws.ts';

export const LEDGER_TABLE = 'delivery-ledger';
export const TENANT_TABLE = 'tenant-configurations';

export interface Dynamo {
  readonly client: DynamoDBClient;
  /** As the service makes them. */
  readonly calls: Call<DynamoApi>;
  readonly place: ReturnType<typeof placeOf>;
  /** Writes an item; sets and numbers as the SDK marshals them. */
  put(table: string, item: Readonly<Record<string, unknown>>): Promise<void>;
  /** The item of the ledger, or undefined. */
  ledgerItem(object: string, delivery: string): Promise<Record<string, unknown> | undefined>;
}

/** DynamoDB on the loopback for one test, with the tables of the service. */
export async function startDynamo(t: TestContext): Promise<Dynamo> {
  const server = dynalite({ createTableMs: 0 });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const place = placeOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = createDynamoClient(place);
  t.after(() => {
    client.destroy();
    server.close();
  });
  await createTable(client, LEDGER_TABLE, LEDGER_TABLE_KEYS, {
    AttributeDefinitions: [RECEIPT_INDEX.partition, ...Object.values(LEDGER_TABLE_KEYS)].map((name) => ({
      AttributeName: name,
      AttributeType: 'S',
    })),
    GlobalSecondaryIndexes: [
      {
        IndexName: RECEIPT_INDEX.name,
        KeySchema: [
          { AttributeName: RECEIPT_INDEX.partition, KeyType: 'HASH' },
          { AttributeName: RECEIPT_INDEX.sort, KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
  });
  await createTable(client, TENANT_TABLE, TENANT_TABLE_KEYS);
  return {
    client,
    calls: createTableCalls(place),
    place,
    async put(table, item) {
      await client.send(new PutItemCommand({ TableName: table, Item: marshall(item) }));
    },
    async ledgerItem(object, delivery) {
      const Key: Record<string, AttributeValue> = marshall({ object, delivery });
      const { Item } = await client.send(new GetItemCommand({ TableName: LEDGER_TABLE, Key, ConsistentRead: true }));
      return Item && unmarshall(Item, { wrapNumbers: Number });
    },
  };
}

async function createTable(
  client: DynamoDBClient,
  name: string,
  { partition, sort }: TableKeys,
  more: Partial<CreateTableCommandInput> = {},
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: partition, KeyType: 'HASH' },
        { AttributeName: sort, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: partition, AttributeType: 'S' },
        { AttributeName: sort, AttributeType: 'S' },
      ],
      ...more,
    }),
  );
  await waitUntilTableExists({ client, minDelay: 0.01, maxDelay: 1, maxWaitTime: 60 }, { TableName: name });
}
