import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createStsCalls } from '../../service/aws/calls.ts';
import type { RoleRequest, SessionCredentials } from '../../service/aws/roles.ts';
import { placeOf } from '../support/aws.ts';
import { createTestSessions } from '../support/role-sessions.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Who may write where: against an AWS that evaluates trust, policies, tags and sessions. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint does not evaluate policies' : false;

const NOW_MS = Date.now();
const id = randomBytes(4).toString('hex');
const ACME = { ...tenantOf('acme-corp'), bucket: { name: `acme-${id}`, prefix: 'in/' } };
const GLOBEX = { ...tenantOf('globex'), bucket: { name: `globex-${id}`, prefix: 'in/' } };
const DISTRIBUTOR = 'arn:aws:iam::000000000000:role/distributor';

const roleOf = ({ tenantId, accountId }: typeof ACME) => `arn:aws:iam::${accountId}:role/LogDistribution-${tenantId}`;
const request = (tenant: typeof ACME, more: Partial<RoleRequest> = {}): RoleRequest => ({
  roleArn: roleOf(tenant),
  externalId: tenant.externalId,
  tags: { tenant_id: tenant.tenantId, cluster_id: 'eu-1', environment: 'prod' },
  ...more,
});

suite('permission', { skip }, () => {
  let pipeline: TestPipeline;
  let url: string;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME, GLOBEX], service: { LOG_LEVEL: 'trace', PROBE_SECONDS: '1' } });
    url = pipeline.cloud?.url ?? '';
  });
  after(() => pipeline[Symbol.asyncDispose]());

  /** A session exactly as the service gets it. */
  const session = (wanted: RoleRequest): Promise<SessionCredentials> =>
    createTestSessions(createStsCalls(placeOf(url))).credentials(wanted);

  const clientsOf = ({ accessKeyId, secretAccessKey, sessionToken }: SessionCredentials) => {
    const config = {
      endpoint: url,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    };
    return { logs: new CloudWatchLogsClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
  };

  test("a tenant's session writes to its own group and bucket, and to nothing of another tenant", async () => {
    const { logs, s3 } = clientsOf(await session(request(ACME)));
    const put = (logGroupName: string) =>
      logs.send(
        new PutLogEventsCommand({ logGroupName, logStreamName: 's', logEvents: [{ timestamp: NOW_MS, message: 'm' }] }),
      );
    await logs.send(new CreateLogGroupCommand({ logGroupName: ACME.logGroupPrefix }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: ACME.logGroupPrefix, logStreamName: 's' }));
    await put(ACME.logGroupPrefix);
    await s3.send(new PutObjectCommand({ Bucket: ACME.bucket.name, Key: 'in/k', Body: 'x' }));

    // Its account has no such group, and by ARN it may not reach into the other one.
    await assert.rejects(put(GLOBEX.logGroupPrefix), { name: 'AccessDeniedException' });
    await assert.rejects(put(`${ACME.logGroupPrefix}-neighbour`), { name: 'AccessDeniedException' });
    for (const [Bucket, Key] of [
      [GLOBEX.bucket.name, 'in/k'],
      [ACME.bucket.name, 'elsewhere/k'],
      [pipeline.names.bucket, 'logs/k'],
    ] as const) {
      await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })), { name: 'AccessDenied' });
    }
    assert.deepEqual(await pipeline.logs(GLOBEX), []);
  });

  const REFUSED: readonly (readonly [what: string, wanted: RoleRequest])[] = [
    ['the external id of another tenant', request(ACME, { externalId: GLOBEX.externalId })],
    ['no external id', request(ACME, { externalId: undefined })],
    ['no tags', request(ACME, { tags: {} })],
    ["another tenant's tag", request(ACME, { tags: { tenant_id: GLOBEX.tenantId } })],
    ['a tag that the trust policy does not know', request(ACME, { tags: { tenant_id: ACME.tenantId, admin: 'yes' } })],
    ['a role that does not exist', request(ACME, { roleArn: `${roleOf(ACME)}-2` })],
  ];
  for (const [what, wanted] of REFUSED) {
    test(`with ${what} there is no session`, async () => {
      await assert.rejects(session(wanted), { code: 'role-refused' });
    });
  }

  test('a role of another account than the item says is refused before anybody assumes it', async () => {
    const key = keyOf('mixed-up', 'a.log');
    await pipeline.putItem({
      tenant_id: 'mixed-up',
      type: 'cloudwatch',
      account_id: ACME.accountId,
      log_distribution_role_arn: roleOf(GLOBEX),
      external_id: GLOBEX.externalId,
      log_group_name: GLOBEX.logGroupPrefix,
    });
    await pipeline.put(key, '{"message":"m"}');
    const letter = await pipeline.deadLetter(key);
    assert.equal(letter.reason, 'tenant-invalid');
    assert.match(letter.detail, /account_id: must be the account of log_distribution_role_arn/);
  });

  test('sessions that expire in the middle of an object are replaced, and every event arrives once', async () => {
    const fault = pipeline.cloud?.faults.add({
      service: 'logs',
      action: 'PutLogEvents',
      account: GLOBEX.accountId,
      nth: [2, 3, 5],
      effect: { kind: 'expired-token' },
    });
    const messages = Array.from({ length: 30_000 }, (_, at) => `event ${at} ${'x'.repeat(200)}`);
    const lines = messages.map((message) => JSON.stringify({ message, timestamp: NOW_MS }));
    await pipeline.put(keyOf('globex', 'large.log'), lines.join('\n'));
    await until(async () =>
      (await pipeline.ledger()).some(({ state, object }) => /large/.test(String(object)) && state === 'done'),
    );
    assert.equal(fault?.struck, 3);
    pipeline.cloud?.faults.clear();
    const found = (await pipeline.logs(GLOBEX)).map(({ message }) => message);
    assert.deepEqual(found.sort(), messages.sort());
  });

  test("no credential of anybody is in the service's log, whatever its level and whatever went wrong", async () => {
    const text = pipeline.service.lines.map((line) => JSON.stringify(line)).join('\n');
    assert.ok(text.includes('object delivered'));
    // Access keys of sessions begin like this, here as on AWS; secrets and tokens come under these names.
    assert.doesNotMatch(text, /ASIA[A-Z2-7]{8}|secretAccessKey|SecretAccessKey|sessionToken|SessionToken/);
    for (const { externalId } of [ACME, GLOBEX]) assert.ok(!text.includes(externalId), 'nor an external id');
  });

  test('with a first hop, tenants that trust only that role are delivered to, and without it they are not', async () => {
    const hopped = tenantOf('hopped');
    await pipeline.addTenant(hopped);
    const iam = new IAMClient({
      endpoint: url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const json = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: statement });
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'distributor',
        AssumeRolePolicyDocument: json({
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:root' },
          Action: 'sts:AssumeRole',
        }),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'distributor',
        PolicyName: 'become-tenants',
        PolicyDocument: json({
          Effect: 'Allow',
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Resource: 'arn:aws:iam::*:role/LogDistribution-*',
        }),
      }),
    );
    await pipeline.deps.iam(hopped.accountId).send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: 'LogDistribution-hopped',
        PolicyDocument: json({
          Effect: 'Allow',
          Principal: { AWS: DISTRIBUTOR },
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Condition: { StringEquals: { 'aws:RequestTag/tenant_id': 'hopped' } },
        }),
      }),
    );
    await pipeline.put(keyOf('hopped', 'a.log'), JSON.stringify({ message: 'by two hops', timestamp: NOW_MS }));
    await until(async () => (await pipeline.metric('circuit_open', { tenant: 'hopped' })) === 1, 'it is refused');
    await pipeline.service.stop();
    await pipeline.startService({ DISTRIBUTOR_ROLE_ARN: DISTRIBUTOR });
    await until(async () => (await pipeline.logs(hopped)).length > 0, 'it is delivered');
    assert.deepEqual(
      (await pipeline.logs(hopped)).map(({ message }) => message),
      ['by two hops'],
    );
  });
});
