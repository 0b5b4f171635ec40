import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { startCloud } from 'embedded-aws';
import { provisionBucket } from '../../../../local/provision/bucket.ts';
import { createProvisionDeps } from '../../../../local/provision/deps.ts';
import { provisionPipeline } from '../../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../../local/provision/tenant.ts';
import { createStsCalls, createTenantS3Calls } from '../../../../service/aws/calls.ts';
import { createRoutes } from '../../../../service/aws/log-writer.ts';
import { createLogsSessions } from '../../../../service/aws/logs-session.ts';
import { createRetention } from '../../../../service/aws/retention.ts';
import { createRoleSessions } from '../../../../service/aws/roles.ts';
import { createWriteReceipt, hasReceipts } from '../../../../service/run/receipts/write-receipt.ts';
import { placeOf } from '../../../support/aws.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { buildTenant } from '../../../support/tenant.ts';

const ACCOUNT = '111122223333';
const BUCKET = 'acme-receipts';
const NEVER = new AbortController().signal;
const receiptOf = (number: number) => ({
  number,
  hash: String(number).padStart(4, '0').repeat(16),
  document: `{"number":${number}}\n{}\n`,
});

/** A tenant whose role may write its log groups, and its receipts into a bucket if it says so. */
async function setUp(t: TestContext, receipts: string) {
  const cloud = await startCloud();
  const deps = createProvisionDeps({ endpointUrl: cloud.url, region: 'us-east-1' });
  t.after(async () => {
    deps.close();
    await cloud.close();
  });
  const pipeline = await provisionPipeline(deps);
  const tenant = buildTenant('acme', ACCOUNT);
  const roleArn = await provisionTenant(deps, tenant, pipeline);
  await provisionBucket(deps.s3Of(ACCOUNT), BUCKET, 'us-east-1');
  const place = placeOf(cloud.url);
  const clocks = { nowMs: () => performance.now(), epochMs: Date.now };
  const retention = createRetention({
    debts: {
      note: async () => {},
      claim: async () => {},
      withdraw: async () => {},
      isOwed: async () => false,
      settle: async () => {},
    },
    onRefused: () => {},
    nowMs: clocks.nowMs,
  });
  const write = createWriteReceipt({
    sessions: createRoleSessions({ sts: createStsCalls(place), ...clocks, onAssume: () => {} }),
    createLogs: createLogsSessions(place),
    createS3: createTenantS3Calls(place),
    createRoute: createRoutes({ retention, onCreate: () => {} }),
    random: () => 0,
    awsNowMs: Date.now,
  });
  const delivery = buildDelivery({
    log_distribution_role_arn: roleArn,
    external_id: tenant.externalId,
    receipts,
    retention_days: 30,
  });
  assert.ok(hasReceipts(delivery));
  /** Lets the role write into the bucket. */
  const allow = (Resource: string) =>
    deps.iam(ACCOUNT).send(
      new PutRolePolicyCommand({
        RoleName: roleArn.split('/').at(-1),
        PolicyName: 'WriteReceipts',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: 's3:PutObject', Resource },
        }),
      }),
    );
  return { cloud, deps, delivery, write, allow };
}

test('in a bucket a receipt is written once, under its number, and never over another', async (t) => {
  const { deps, delivery, write, allow } = await setUp(t, `s3://${BUCKET}/of/logs/`);
  await allow(`arn:aws:s3:::${BUCKET}/of/logs/acme/*`);
  await write(delivery, receiptOf(1), NEVER);
  await write(delivery, receiptOf(1), NEVER);
  // Of a chain whose ledger was lost, and which began anew.
  await write(delivery, { number: 1, hash: 'c0de'.repeat(16), document: 'another' }, NEVER);
  await write(delivery, receiptOf(12), NEVER);
  const s3 = deps.s3Of(ACCOUNT);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  const keys = (Contents ?? []).map(({ Key }) => Key);
  assert.deepEqual(keys, [
    'of/logs/acme/cloudwatch/000000001-0001000100010001.ndjson',
    'of/logs/acme/cloudwatch/000000001-c0dec0dec0dec0de.ndjson',
    'of/logs/acme/cloudwatch/000000012-0012001200120012.ndjson',
  ]);
  const { Body, ContentType } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: keys[0] }));
  assert.deepEqual([await Body?.transformToString(), ContentType], [receiptOf(1).document, 'application/x-ndjson']);
});

test('in a log group a receipt is an event of its own stream; group, stream and retention are made when they are missing', async (t) => {
  const { cloud, deps, delivery, write } = await setUp(t, 'log-group:/tenant-logs/acme/receipts');
  await write(delivery, receiptOf(1), NEVER);
  await write(delivery, receiptOf(2), NEVER);
  const { events } = await deps.logs(ACCOUNT, 'us-east-1').send(
    new GetLogEventsCommand({
      logGroupName: '/tenant-logs/acme/receipts',
      logStreamName: 'log-distributor/receipts',
      startFromHead: true,
    }),
  );
  assert.deepEqual(
    events?.map(({ message }) => message),
    [receiptOf(1).document, receiptOf(2).document],
  );
  assert.equal(cloud.calls.count({ action: 'CreateLogGroup', outcome: 'ok' }), 1);
  assert.equal(cloud.calls.count({ action: 'PutRetentionPolicy', outcome: 'ok' }), 1);
});

test('what is refused is an error that says what the role needs, and nothing is written', async (t) => {
  const { delivery, write } = await setUp(t, `s3://${BUCKET}`);
  await assert.rejects(
    write(delivery, receiptOf(1), NEVER),
    /receipt 1 of acme\/cloudwatch could not be written to s3:\/\/acme-receipts\/.*s3:PutObject below acme-receipts\/acme\//,
  );
});

test('passing trouble is waited for, and a lost answer writes nothing twice', async (t) => {
  const { cloud, deps, delivery, write, allow } = await setUp(t, `s3://${BUCKET}`);
  await allow(`arn:aws:s3:::${BUCKET}/*`);
  cloud.faults.add({
    service: 's3',
    action: 'PutObject',
    nth: [1, 2],
    effect: { kind: 'error', code: 'SlowDown', status: 503 },
  });
  cloud.faults.add({ service: 's3', action: 'PutObject', nth: 3, effect: { kind: 'lose-answer' } });
  await write(delivery, receiptOf(1), NEVER);
  const { KeyCount } = await deps.s3Of(ACCOUNT).send(new ListObjectsV2Command({ Bucket: BUCKET }));
  assert.equal(KeyCount, 1);
});
