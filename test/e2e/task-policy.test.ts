import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { taskRolePolicy } from '../../infra/policies/task.ts';
import { namesOf } from '../../infra/values/names.ts';
import { layoutOf } from '../../infra/values/object-layout.ts';
import { RECEIPT_KEY_SPECS } from '../../infra/values/receipt-key.ts';
import type { ServiceProcess } from '../../local/service-process.ts';
import { readToolSettings } from '../../service/base/settings.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** The policy that infra/ gives the task is all that the service needs: it runs here with that and nothing else. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not evaluate policies' : false;

const PLATFORM = '000000000000';
const ACME = tenantOf('acme-corp', { retention_days: 7, receipts: 's3://acme-receipts/of/logs/' });
const NOW_MS = Date.now();

suite("the task's policy", { skip }, () => {
  let pipeline: TestPipeline;
  let iam: IAMClient;
  let service: ServiceProcess;
  let receiptKey: string | undefined;

  const policyOf = (without: readonly string[] = []) => {
    const { names } = pipeline;
    const place = { partition: 'aws', region: 'us-east-1', accountId: PLATFORM };
    const { tenantTable, ledgerTable } = names;
    const arns = {
      ...namesOf(
        { project: 'p', environment: 'staging', names: { tenantTable, ledgerTable }, iam: { path: '/' } },
        place,
      ),
      queueArn: names.queueArn,
      deadLetterQueueArn: `arn:aws:sqs:us-east-1:${PLATFORM}:${names.deadLetterQueue}`,
      bucketArn: `arn:aws:s3:::${names.bucket}`,
    };
    const layout = layoutOf(readToolSettings({}));
    const policy = taskRolePolicy(
      arns,
      layout,
      { data: undefined, messaging: undefined },
      { tracing: false, canary: false, usage: false, receiptKey, reconcile: true },
    );
    return JSON.stringify({ ...policy, Statement: policy.Statement.filter(({ Sid }) => !without.includes(Sid ?? '')) });
  };
  const setPolicy = (PolicyDocument: string) =>
    iam.send(new PutRolePolicyCommand({ RoleName: 'task', PolicyName: 'Task', PolicyDocument }));

  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME] });
    await pipeline.service.stop();
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    iam = new IAMClient({ endpoint: pipeline.cloud?.url ?? '', region: 'us-east-1', credentials });
    const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${PLATFORM}:root` }, Action: 'sts:AssumeRole' };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
    await iam.send(new CreateRoleCommand({ RoleName: 'task', AssumeRolePolicyDocument }));
    const kms = new KMSClient({ endpoint: pipeline.cloud?.url ?? '', region: 'us-east-1', credentials });
    const made = await kms.send(new CreateKeyCommand({ KeySpec: RECEIPT_KEY_SPECS[0], KeyUsage: 'SIGN_VERIFY' }));
    kms.destroy();
    receiptKey = made.KeyMetadata?.Arn;
    await setPolicy(policyOf());
    const RoleArn = `arn:aws:iam::${PLATFORM}:role/task`;
    const { Credentials } = await pipeline.deps.sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'task-0123' }),
    );
    service = await pipeline.startService({
      AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
      USAGE: 'false',
      RECEIPT_KEY: receiptKey ?? '',
      RECEIPT_INTERVAL_SECONDS: '5',
      RECONCILE_INTERVAL_SECONDS: '5',
      RECONCILE_BUCKET: pipeline.names.bucket,
    });
  });
  after(async () => {
    iam?.destroy();
    await pipeline?.[Symbol.asyncDispose]();
  });

  test('with it the service is ready, delivers, gives a receipt, keeps what cannot be delivered, and gives up with a reason', async () => {
    await until(async () => (await fetch(`${service.url}/readyz`)).status === 200, 'the service is ready');
    const lines = [{ message: 'good', timestamp: NOW_MS }].map((line) => JSON.stringify(line));
    await pipeline.put(keyOf('acme-corp', 'a.log'), [...lines, 'no JSON'].join('\n'));
    await until(async () => (await pipeline.logs(ACME)).length > 0, 'it is delivered');
    await until(async () => (await pipeline.quarantine('acme-corp')).length > 0, 'the other line is kept');
    await pipeline.send('garbage');
    assert.equal((await pipeline.deadLetter('garbage')).reason, 'not-a-notification');
    await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
    await until(
      () => service.lines.some(({ msg }) => msg === 'the bucket was compared with the ledger'),
      'the bucket is compared with the ledger',
    );
    await until(
      async () => (await pipeline.ledger()).some(({ receipt }) => receipt !== undefined),
      'a receipt holds the object',
    );
    const refused = service.lines.filter((line) => JSON.stringify(line).includes('not authorized'));
    assert.deepEqual(refused, []);
  });

  test('without a part of it the service says in /readyz which action is missing, and where', async () => {
    const reason = async () =>
      String(((await (await fetch(`${service.url}/readyz`)).json()) as { reason?: string }).reason);
    await setPolicy(policyOf(['SendDeadLetters', 'KeepLedger']));
    const said = await until(async () => {
      const text = await reason();
      return /dead-letter queue/.test(text) && /ledger/.test(text) ? text : undefined;
    }, 'it is not ready');
    assert.match(
      said,
      /the dead-letter queue cannot be used\. No policy of the task role allows sqs:GetQueueAttributes\. The task role needs sqs:GetQueueAttributes on the queue of DLQ_URL/,
    );
    assert.match(
      said,
      /the table \S+ cannot be used\. No policy of the task role allows dynamodb:DescribeTable\. The task role needs dynamodb:GetItem, dynamodb:UpdateItem and dynamodb:DescribeTable/,
    );
    await setPolicy(policyOf());
    await until(async () => (await fetch(`${service.url}/readyz`)).status === 200, 'the service is ready again');
  });
});
