import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, DynamoApi } from '../../../service/aws/api.ts';
import { createItemRules } from '../../../service/destination/parse-delivery.ts';
import { listDeliveries, listTenants } from '../../../service/tenant/list.ts';
import { awsError } from '../../support/aws-error.ts';
import { buildDelivery, ITEM } from '../../support/delivery.ts';
import { startDynamo, TENANT_TABLE } from '../../support/dynamo.ts';

const NEVER = new AbortController().signal;
const rules = createItemRules({ region: 'us-east-1', applicationGroups: {} });

test('tenants are listed to which something can be delivered, each once, whatever the number of pages', async (t) => {
  const { calls, put } = await startDynamo(t);
  const items = [
    { tenant_id: 'two', type: 'cloudwatch' },
    { tenant_id: 'two', type: 'cloudwatch#audit' },
    { tenant_id: 'half', type: 'cloudwatch', enabled: false },
    { tenant_id: 'half', type: 'cloudwatch#on' },
    { tenant_id: 'off', type: 'cloudwatch', enabled: false },
    { tenant_id: 'broken', type: 'cloudwatch', log_group_name: '' },
    { tenant_id: 'broken', type: 'cloudwatch#right' },
    { tenant_id: 'stranger', type: 'splunk' },
    // Together more than a page's megabyte.
    ...Array.from({ length: 6 }, (_, at) => ({ tenant_id: `large-${at}`, type: 'cloudwatch', x: 'x'.repeat(300_000) })),
  ];
  for (const item of items) await put(TENANT_TABLE, { ...ITEM, ...item });
  const large = Array.from({ length: 6 }, (_, at) => `large-${at}`);
  assert.deepEqual(await listTenants({ dynamo: calls, table: TENANT_TABLE, rules }, NEVER), ['half', ...large, 'two']);
});

test('deliveries are listed that somebody wants, of invalid tenants too', async (t) => {
  const { calls, put } = await startDynamo(t);
  const items = [
    { tenant_id: 'two', type: 'cloudwatch' },
    { tenant_id: 'two', type: 'cloudwatch#audit' },
    { tenant_id: 'half', type: 'cloudwatch', log_group_name: '' },
    { tenant_id: 'half', type: 'cloudwatch#audit' },
    { tenant_id: 'stranger', type: 'splunk#audit' },
  ];
  for (const item of items) await put(TENANT_TABLE, { ...ITEM, ...item });
  const deps = { dynamo: calls, table: TENANT_TABLE, rules };
  const audits = await listDeliveries(deps, ({ type }) => type.endsWith('#audit'), NEVER);
  assert.deepEqual(audits.map(({ tenantId, type }) => `${tenantId} ${type}`).sort(), [
    'half cloudwatch#audit',
    'two cloudwatch#audit',
  ]);
});

test('a table that cannot be read is an error that says which', async () => {
  const dynamo = () => Promise.reject(awsError('AccessDeniedException', 400));
  await assert.rejects(listTenants({ dynamo, table: 'tenants', rules }, NEVER), {
    code: 'tenant-lookup-failed',
    message:
      'tenants could not be read. The task role needs dynamodb:Query and dynamodb:DescribeTable (with canaries and progress events dynamodb:Scan too) on the table, and kms:Decrypt on its key. AWS: AccessDeniedException',
  });
});

test('whoever stops waits for no table', async (t) => {
  const { calls } = await startDynamo(t);
  const aborted = AbortSignal.abort();
  await assert.rejects(listTenants({ dynamo: calls, table: TENANT_TABLE, rules }, aborted), {
    code: 'tenant-lookup-failed',
    message: `${TENANT_TABLE} could not be read. No answer from AWS in time`,
  });
});

test('ten thousand tenants are all listed, and so are their deliveries', async () => {
  const items = Array.from({ length: 10_000 }, (_, at) => ({ tenant_id: { S: `t${at}` } }));
  const dynamo = (async () => ({ Items: items })) as unknown as Call<DynamoApi>;
  // To read an item of each takes long, and is not what is asked here.
  const delivery = buildDelivery();
  const read = ({ tenant_id }: Readonly<Record<string, unknown>>) => ({ ...delivery, tenantId: String(tenant_id) });
  const deps = { dynamo, table: TENANT_TABLE, rules: { types: '', read } };
  assert.equal((await listTenants(deps, NEVER)).length, 10_000);
  assert.equal((await listDeliveries(deps, () => true, NEVER)).length, 10_000);
});
