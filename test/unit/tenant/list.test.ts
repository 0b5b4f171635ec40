import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, DynamoApi } from '../../../service/aws/api.ts';
import type { Delivery } from '../../../service/core/delivery.ts';
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

test('deliveries are listed that have the attribute of a feature, of invalid tenants too, and no others are even parsed', async (t) => {
  const { calls, put } = await startDynamo(t);
  const items = [
    { tenant_id: 'two', type: 'cloudwatch' },
    { tenant_id: 'two', type: 'cloudwatch#audit', progress_events: true },
    { tenant_id: 'two', type: 'cloudwatch#off', progress_events: false },
    { tenant_id: 'half', type: 'cloudwatch', progress_events: true, log_group_name: '' },
    { tenant_id: 'half', type: 'cloudwatch#audit', progress_events: true },
    { tenant_id: 'stranger', type: 'splunk#audit', progress_events: true },
  ];
  for (const item of items) await put(TENANT_TABLE, { ...ITEM, ...item });
  const parsed: unknown[] = [];
  const counting = {
    ...rules,
    read(item: Readonly<Record<string, unknown>>) {
      parsed.push(item);
      return rules.read(item);
    },
  };
  const deps = { dynamo: calls, table: TENANT_TABLE, rules: counting };
  const feature = { attribute: 'progress_events', isWanted: ({ target }: Delivery) => target.progressEvents === true };
  const audits = await listDeliveries(deps, feature, NEVER);
  assert.equal(parsed.length, 5);
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
  assert.equal((await listDeliveries(deps, { attribute: 'tenant_id', isWanted: () => true }, NEVER)).length, 10_000);
});
