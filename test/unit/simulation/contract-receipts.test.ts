import { createPublicKey, verify } from 'node:crypto';
import { after } from 'node:test';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { createProvisionDeps } from '../../../local/provision/deps.ts';
import { provisionPipeline } from '../../../local/provision/pipeline.ts';
import type { Call, DynamoApi, KmsApi } from '../../../service/aws/api.ts';
import { createKmsCalls, createTableCalls } from '../../../service/aws/calls.ts';
import { LEDGER_TABLE_KEYS, RECEIPT_INDEX } from '../../../service/core/tables.ts';
import { createKeys } from '../../simulation/models/keys.ts';
import { createTables } from '../../simulation/models/tables.ts';
import { alike as bothAlike, outcome } from '../../support/alike.ts';
import { openCloud } from '../../support/cloud.ts';

/** What receipts need of the models, which answer as the embedded AWS does: scans, reads of several items, the index, and a key. */
interface Aws {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  readonly kms: Call<KmsApi>;
  readonly key: string;
}

const ARN = 'arn:aws:kms:us-east-1:000000000000:key/model';

function modelled(): Aws {
  const calls = <Api>(methods: object): Call<Api> => {
    const call = async (operation: string, input: object) =>
      (methods as Record<string, (input: object) => unknown>)[operation]?.(input);
    return call as unknown as Call<Api>;
  };
  const tables = createTables({ ledger: LEDGER_TABLE_KEYS });
  return { dynamo: calls(tables), table: 'ledger', kms: calls(createKeys(ARN)), key: ARN };
}

process.env.AWS_ACCESS_KEY_ID = 'test';
process.env.AWS_SECRET_ACCESS_KEY = 'test';
const { cloud, close } = await openCloud();
after(close);

async function embedded(): Promise<Aws> {
  const region = 'us-east-1';
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region });
  after(() => deps.close());
  const { ledgerTable: table } = await provisionPipeline(deps);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new KMSClient({ endpoint: cloud.url, region, credentials });
  after(() => client.destroy());
  const create = new CreateKeyCommand({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
  const { KeyMetadata } = await client.send(create);
  const place = { region, endpointUrl: cloud.url, s3ForcePathStyle: true, requestTimeoutMs: 30_000 };
  return { dynamo: createTableCalls(place), table, kms: createKmsCalls(place), key: KeyMetadata?.Arn ?? '' };
}

const both = [modelled(), await embedded()] as const;

function alike(title: string, run: (aws: Aws) => Promise<unknown>): void {
  bothAlike(title, async () => both, run);
}

const keyOf = (object: string) => ({ object: { S: object }, delivery: { S: 'd' } });
const byObject = (items: readonly Record<string, AttributeValue>[] | undefined) =>
  (items ?? []).toSorted((a, b) => ((a.object?.S ?? '') < (b.object?.S ?? '') ? -1 : 1));

alike('what is due is in the index with its keys, until it is marked', async ({ dynamo, table: TableName }) => {
  const write = (object: string, UpdateExpression: string, values?: Record<string, AttributeValue>) =>
    dynamo('UpdateItem', {
      TableName,
      Key: keyOf(object),
      UpdateExpression,
      ExpressionAttributeNames: { '#due': RECEIPT_INDEX.partition },
      ...(values && { ExpressionAttributeValues: values }),
    });
  for (const object of ['b', 'a', 'c'])
    await write(object, 'SET #due = :due, counts = :counts', { ':due': { S: 'acme' }, ':counts': { N: '1' } });
  const due = async () =>
    (
      await dynamo('Query', {
        TableName,
        IndexName: RECEIPT_INDEX.name,
        KeyConditionExpression: '#due = :due',
        ExpressionAttributeNames: { '#due': RECEIPT_INDEX.partition },
        ExpressionAttributeValues: { ':due': { S: 'acme' } },
      })
    ).Items;
  const before = await due();
  await write('b', 'REMOVE #due');
  const Keys = ['a', 'b', 'none'].map(keyOf);
  const { Responses } = await dynamo('BatchGetItem', { RequestItems: { [TableName]: { Keys, ConsistentRead: true } } });
  const scan = await dynamo('Scan', {
    TableName,
    FilterExpression: 'attribute_exists(#due)',
    ExpressionAttributeNames: { '#due': RECEIPT_INDEX.partition },
  });
  return { before, after: await due(), read: byObject(Responses?.[TableName]), scanned: byObject(scan.Items) };
});

alike('a condition may look into an attribute', async ({ dynamo, table: TableName }) => {
  const finish = (number: string) =>
    outcome(
      dynamo('UpdateItem', {
        TableName,
        Key: keyOf('chain'),
        UpdateExpression: 'SET #number = :number REMOVE #pending',
        ConditionExpression: '#pending.#number = :number',
        ExpressionAttributeNames: { '#pending': 'pending', '#number': 'number' },
        ExpressionAttributeValues: { ':number': { N: number } },
      }).then(() => 'done'),
    );
  const none = await finish('1');
  await dynamo('UpdateItem', {
    TableName,
    Key: keyOf('chain'),
    UpdateExpression: 'SET #pending = :pending',
    ExpressionAttributeNames: { '#pending': 'pending' },
    ExpressionAttributeValues: { ':pending': { M: { number: { N: '1' }, hash: { S: 'h' } } } },
  });
  const outcomes = [none, await finish('2'), await finish('1'), await finish('1')];
  const { Item } = await dynamo('GetItem', { TableName, Key: keyOf('chain'), ConsistentRead: true });
  return { outcomes, Item };
});

alike('a key signs what it is given, and its public key verifies that', async ({ kms, key }) => {
  const { PublicKey = '', SigningAlgorithms } = await kms('GetPublicKey', { KeyId: key });
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey, 'base64'), format: 'der', type: 'spki' });
  const sign = (message: string, SigningAlgorithm = 'ED25519_SHA_512', KeyId = key) =>
    kms('Sign', { KeyId, Message: Buffer.from(message).toString('base64'), MessageType: 'RAW', SigningAlgorithm });
  const { Signature = '' } = await sign('a statement');
  return {
    SigningAlgorithms,
    verified: verify(null, Buffer.from('a statement'), publicKey, Buffer.from(Signature, 'base64')),
    others: [
      await outcome(sign('a statement', 'ECDSA_SHA_256')),
      await outcome(sign('x'.repeat(4_097))),
      await outcome(sign('a statement', undefined, `${key}0`)),
    ],
  };
});
