import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { createItemRules } from '../../../service/destination/parse-delivery.ts';
import { createTenantStore } from '../../../service/tenant/store.ts';
import { awsError } from '../../support/aws-error.ts';
import { ITEM } from '../../support/delivery.ts';
import { startDynamo, TENANT_TABLE } from '../../support/dynamo.ts';
import { until } from '../../support/until.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** A store over dynalite, with the table's queries counted, held back or failing as the test wants. */
async function setUp(t: TestContext, tenantsMax?: number) {
  const dynamo = await startDynamo(t);
  const now = { ms: Date.UTC(2026, 0, 31) };
  const table = { queries: 0, failing: false, gate: undefined as Promise<void> | undefined };
  const call: typeof dynamo.calls = async (...args) => {
    table.queries++;
    await table.gate;
    if (table.failing) throw awsError('InternalServerError', 500);
    return dynamo.calls(...args);
  };
  const store = createTenantStore({
    dynamo: call,
    table: TENANT_TABLE,
    rules: createItemRules({ region: 'us-east-1', applicationGroups: { api: ['gateway'] } }),
    nowMs: () => now.ms,
    ...(tenantsMax === undefined ? {} : { tenantsMax }),
  });
  const put = (item: Readonly<Record<string, unknown>>) => dynamo.put(TENANT_TABLE, { ...ITEM, ...item });
  const groups = async (tenant = 'acme') =>
    (await store.lookUp(tenant)).deliveries.map(({ target }) => target.group.source);
  return { ...dynamo, store, now, table, put, groups };
}

test('all deliveries of a tenant are found, disabled ones too, in the order of their type', async (t) => {
  const { store, put } = await setUp(t);
  await put({ type: 'cloudwatch#b', enabled: false });
  await put({ type: 'cloudwatch' });
  await put({ type: 'cloudwatch#a', log_group_name: '/audit' });
  await put({ tenant_id: 'globex' });
  const { deliveries, error } = await store.lookUp('acme');
  assert.equal(error, undefined);
  assert.deepEqual(
    deliveries.map(({ tenantId, type, enabled, target }) => [tenantId, type, enabled, target.group.source]),
    [
      ['acme', 'cloudwatch', true, '/tenant-logs/acme'],
      ['acme', 'cloudwatch#a', true, '/audit'],
      ['acme', 'cloudwatch#b', false, '/tenant-logs/acme'],
    ],
  );
});

test('string sets of a table of the predecessor are lists of applications', async (t) => {
  const { store, put } = await setUp(t);
  await put({ desired_logs: new Set(['web', 'jobs']), groups: new Set(['api']), unknown: { any: ['thing'] } });
  const { deliveries } = await store.lookUp('acme');
  assert.deepEqual(deliveries[0]?.applications, new Set(['jobs', 'web', 'gateway']));
});

test('a tenant without an item is unknown, and the error says what to do', async (t) => {
  const { store, put } = await setUp(t);
  await put({ tenant_id: 'globex' });
  const { deliveries, error } = await store.lookUp('acme');
  assert.deepEqual(deliveries, []);
  assert.equal(error?.code, 'tenant-unknown');
  assert.equal(
    error?.message,
    'tenant acme has no item of type cloudwatch or s3 in tenant-configurations: add one, then redrive the message',
  );
});

test('an s3 item of an earlier system, which knows no role, is told as what it lacks, and the other delivery goes on', async (t) => {
  const { store, put } = await setUp(t);
  await put({ type: 'cloudwatch' });
  await put({ type: 's3', log_distribution_role_arn: null, bucket_name: 'acme-logs', bucket_prefix: 'logs/' });
  const { deliveries, error } = await store.lookUp('acme');
  assert.deepEqual([deliveries.length, error?.code], [1, 'tenant-invalid']);
  assert.match(error?.message ?? '', /s3: log_distribution_role_arn: is required/);
});

test('items of other types in a shared table belong to another system', async (t) => {
  const { store, put } = await setUp(t);
  await put({ type: 's3bucket' });
  await put({ type: 'cloudwatch2' });
  assert.equal((await store.lookUp('acme')).error?.code, 'tenant-unknown');
  await put({ type: 'cloudwatch', tenant_id: 'globex' });
  await put({ type: 'kinesis', tenant_id: 'globex' });
  const { deliveries, error } = await store.lookUp('globex');
  assert.deepEqual([deliveries.length, error], [1, undefined]);
});

test('invalid items beside valid ones: the valid ones serve, the error names every problem of the others', async (t) => {
  const { store, put } = await setUp(t);
  await put({ type: 'cloudwatch' });
  await put({ type: 'cloudwatch#a', log_group_name: '{application}', retention_days: 31 });
  await put({ type: 'cloudwatch#b', enabled: 'yes' });
  const { deliveries, error } = await store.lookUp('acme');
  assert.deepEqual(
    deliveries.map(({ type }) => type),
    ['cloudwatch'],
  );
  assert.equal(error?.code, 'tenant-invalid');
  assert.match(error?.message ?? '', /^the configuration of tenant acme in tenant-configurations is invalid: /);
  assert.match(error?.message ?? '', /cloudwatch#a: retention_days: .*; log_group_name: must begin with literal text/);
  assert.match(error?.message ?? '', /cloudwatch#b: enabled: must be true or false \(got "yes"\)/);
});

test('a tenant with more items than one answer holds is read to the end', async (t) => {
  const { store, put } = await setUp(t);
  // DynamoDB answers with at most 1 MB.
  await Promise.all(Array.from({ length: 4 }, (_, n) => put({ type: `cloudwatch#${n}`, note: 'x'.repeat(390_000) })));
  assert.deepEqual(
    (await store.lookUp('acme')).deliveries.map(({ type }) => type),
    ['cloudwatch#0', 'cloudwatch#1', 'cloudwatch#2', 'cloudwatch#3'],
  );
});

test('a tenant is read once a minute, however many ask', async (t) => {
  const { store, put, now, table } = await setUp(t);
  await put({});
  const [first] = await Promise.all([store.lookUp('acme'), store.lookUp('acme'), store.lookUp('acme')]);
  assert.equal(table.queries, 1);
  now.ms += MINUTE_MS;
  assert.equal(await store.lookUp('acme'), first);
  assert.equal(table.queries, 1);
});

test('after a minute the entry is read again in the background, while the old one still serves', async (t) => {
  const { put, groups, now, table } = await setUp(t);
  await put({});
  await groups();
  await put({ log_group_name: '/new' });
  now.ms += MINUTE_MS + 1;
  const gate = Promise.withResolvers<void>();
  table.gate = gate.promise;
  assert.deepEqual([await groups(), await groups()], [['/tenant-logs/acme'], ['/tenant-logs/acme']]);
  assert.equal(table.queries, 2, 'one reading for both');
  gate.resolve();
  await until(async () => (await groups())[0] === '/new');
});

test('a table that is away delays nobody who is known, for a quarter of an hour', async (t) => {
  const { put, groups, store, now, table } = await setUp(t);
  await put({});
  await groups();
  table.failing = true;
  now.ms += 15 * MINUTE_MS;
  assert.deepEqual(await groups(), ['/tenant-logs/acme']);
  // The reading behind it fails now, and must fail nobody.
  await new Promise((resolve) => setImmediate(resolve));
  now.ms += 1;
  await assert.rejects(store.lookUp('acme'), {
    code: 'tenant-lookup-failed',
    message: 'tenant acme could not be looked up in tenant-configurations. AWS: InternalServerError',
  });
  table.failing = false;
  assert.deepEqual(await groups(), ['/tenant-logs/acme']);
});

test('a tenant that was never read cannot be guessed: a table that is away is an error, not an unknown tenant', async (t) => {
  const { store, put, table, groups } = await setUp(t);
  await put({});
  table.failing = true;
  await assert.rejects(store.lookUp('acme'), { code: 'tenant-lookup-failed' });
  table.failing = false;
  assert.deepEqual(await groups(), ['/tenant-logs/acme'], 'a failure is not remembered');
});

test('an unknown or invalid tenant is looked up again after ten seconds: somebody may be onboarding it', async (t) => {
  const { store, put, now, table } = await setUp(t);
  assert.equal((await store.lookUp('acme')).error?.code, 'tenant-unknown');
  await put({ enabled: 'yes' });
  now.ms += 10 * SECOND_MS;
  assert.equal((await store.lookUp('acme')).error?.code, 'tenant-unknown');
  assert.equal(table.queries, 1);
  now.ms += 1;
  assert.equal((await store.lookUp('acme')).error?.code, 'tenant-invalid');
  await put({});
  now.ms += 10 * SECOND_MS + 1;
  assert.equal((await store.lookUp('acme')).error, undefined);
});

test('the tenant that was not asked for longest leaves first', async (t) => {
  const { store, table } = await setUp(t, 2);
  for (const tenant of ['a', 'b', 'a', 'c']) await store.lookUp(tenant);
  assert.equal(table.queries, 3);
  await store.lookUp('a');
  assert.equal(table.queries, 3, 'a stayed');
  await store.lookUp('b');
  assert.equal(table.queries, 4, 'b had left');
});

test('numbers that a double cannot hold, in attributes nobody knows, are no trouble; in known ones they are a problem', async (t) => {
  const { store, client } = await setUp(t);
  const strings = Object.fromEntries(Object.entries(ITEM).map(([name, value]) => [name, { S: value }]));
  const put = (more: Record<string, AttributeValue>) =>
    client.send(new PutItemCommand({ TableName: TENANT_TABLE, Item: { ...strings, ...more } }));
  await put({ theirs: { N: '12345678901234567890.5' } });
  await put({ type: { S: 'cloudwatch#a' }, retention_days: { N: '12345678901234567890' } });
  const { deliveries, error } = await store.lookUp('acme');
  assert.equal(deliveries.length, 1);
  assert.match(error?.message ?? '', /retention_days: must be one of .* \(got 12345678901234567000\)/);
});
