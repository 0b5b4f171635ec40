import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import type { TenantSpec } from '../../local/provision/tenant.ts';
import { cli } from '../support/cli.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/**
 * What AWS answers reaches whoever looks, in its own words and with its request id: in the log, in `/status`, in the dead letter
 * and on the command line. Needs an AWS that evaluates trust and policies, and fault rules for the rest.
 */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint evaluates no policies and has no fault rules' : false;

const NOW_MS = Date.now();
const REQUEST_ID = '\\(request id [\\w-]{36}\\)';
const UNTAGGED = tenantOf('untagged');
const ROLELESS = tenantOf('roleless', {
  log_distribution_role_arn: 'arn:aws:iam::123123123123:role/LogDistribution-nobody',
  account_id: '123123123123',
});
const ESTRANGED = tenantOf('estranged', { external_id: 'another-than-the-role-asks-for' });
const KEEPER = tenantOf('keeper', { retention_days: 7 });
const SECRETS = [UNTAGGED.externalId, 'another-than-the-role-asks-for', 'a secret of the customer'];

interface Circuit {
  readonly code: string;
  readonly message: string;
}

suite("AWS's own words", { skip }, () => {
  let pipeline: TestPipeline;
  let environment: Record<string, string>;

  before(async () => {
    pipeline = await startPipeline({
      tenants: [UNTAGGED, ROLELESS, ESTRANGED, KEEPER],
      service: { PROBE_SECONDS: '1' },
    });
    environment = {
      ...endpointEnvironment(pipeline.cloud?.url ?? '', 'us-east-1'),
      ...serviceEnvironment(pipeline.names),
    };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  const put = (tenantId: string, name: string) =>
    pipeline.put(keyOf(tenantId, name), JSON.stringify({ message: 'a secret of the customer', timestamp: NOW_MS }));
  const tenantStatus = async (tenantId: string) =>
    (await pipeline.status()).tenants.find(({ tenant }) => tenant === tenantId) as
      | { circuits: Circuit[]; notices: Circuit[]; trouble: Circuit | null }
      | undefined;
  /** A line of the log about a tenant that AWS has answered. */
  const lineOf = (tenantId: string) =>
    pipeline.service.lines.find(({ tenant, level, aws }) => tenant === tenantId && level === 'warn' && aws) as
      | { msg: string; aws: { code: string; message: string; request_id: string } }
      | undefined;
  const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

  test('a trust policy without sts:TagSession', async () => {
    await pipeline.deps.iam(UNTAGGED.accountId).send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: 'LogDistribution-untagged',
        PolicyDocument: policy({
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:root' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': UNTAGGED.externalId } },
        }),
      }),
    );
    await put('untagged', 'a.log');
    const { message } = await until(async () => (await tenantStatus('untagged'))?.circuits[0], 'the circuit is open');
    assert.match(
      message,
      new RegExp(
        `^AssumeRole of \\(iam, account ${UNTAGGED.accountId}\\) for untagged was refused\\. The trust policy of the role does not allow sts:TagSession with the tags tenant_id, cluster_id and environment\\. Add it beside sts:AssumeRole\\. .*AWS: AccessDenied: User: .* is not authorized to perform: sts:TagSession on resource: .* ${REQUEST_ID}$`,
      ),
    );
    const line = await until(() => lineOf('untagged'), 'the log has it');
    assert.equal(line.aws.code, 'AccessDenied');
    assert.match(
      line.aws.message,
      /^User: arn:aws:iam::000000000000:root is not authorized to perform: sts:TagSession/,
    );
    assert.ok(line.msg.includes(`(request id ${line.aws.request_id})`));
  });

  const OF_TRUST: readonly (readonly [what: string, tenant: TenantSpec])[] = [
    ['a role that does not exist', ROLELESS],
    ['a wrong external id', ESTRANGED],
  ];
  for (const [what, { tenantId }] of OF_TRUST) {
    test(what, async () => {
      await put(tenantId, 'a.log');
      const { code, message } = await until(
        async () => (await tenantStatus(tenantId))?.circuits[0],
        'the circuit is open',
      );
      assert.equal(code, 'role-refused');
      assert.match(
        message,
        new RegExp(
          `Either the role does not exist, or its trust policy does not name the distributor, the external_id of the tenant's item or its tenant_id; AWS does not tell these apart\\. \`log-distributor tenants verify ${tenantId}\` prints .* AWS: AccessDenied: .*sts:AssumeRole.* ${REQUEST_ID}$`,
        ),
      );
    });
  }

  test('a role that may do all but set a retention: events are delivered, and the retention set once it may', async () => {
    const iam = pipeline.deps.iam(KEEPER.accountId);
    const allow = (...actions: string[]) =>
      iam.send(
        new PutRolePolicyCommand({
          RoleName: 'LogDistribution-keeper',
          PolicyName: 'WriteLogs',
          PolicyDocument: policy({ Effect: 'Allow', Action: actions, Resource: '*' }),
        }),
      );
    const needed = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
    await allow(...needed);
    await put('keeper', 'a.log');
    await until(async () => (await pipeline.logs(KEEPER)).length === 1, 'the event is delivered');
    const notice = await until(async () => (await tenantStatus('keeper'))?.notices[0], 'the status tells');
    assert.equal(notice.code, 'retention-not-set');
    assert.match(
      notice.message,
      new RegExp(
        `^tenant keeper, log group /tenant-logs/keeper in us-east-1: its retention of 7 days is not set yet, so it keeps events for ever\\. Events are delivered, and the retention is tried again\\. No policy of the tenant's role allows logs:PutRetentionPolicy\\. .*AWS: AccessDeniedException: .* ${REQUEST_ID}$`,
      ),
    );
    assert.equal((await tenantStatus('keeper'))?.trouble, null);
    assert.match((await until(() => lineOf('keeper'), 'the log tells')).msg, /its retention of 7 days is not set yet/);

    await allow(...needed, 'logs:PutRetentionPolicy');
    // Another stream, and another process: what is owed is in the ledger's table.
    await pipeline.service.stop();
    const other = await pipeline.startService();
    await pipeline.put(
      keyOf('keeper', 'b.log').replace('environment=prod', 'environment=dev'),
      JSON.stringify({ message: 'b', timestamp: NOW_MS }),
    );
    await until(async () => (await pipeline.logs(KEEPER)).length === 2, 'it goes on');
    const { logGroups } = await pipeline.deps
      .logs(KEEPER.accountId, 'us-east-1')
      .send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/tenant-logs/keeper' }));
    assert.deepEqual(
      logGroups?.map(({ retentionInDays }) => retentionInDays),
      [7],
    );
    assert.equal(await other.stop(), 0);
  });

  test('an object that S3 will not give is a dead letter in its words, on the command line too', async () => {
    const again = await pipeline.startService();
    const message = "The operation is not valid for the object's storage class";
    pipeline.cloud?.faults.add({
      service: 's3',
      action: 'GetObject',
      resource: 'archived.log',
      effect: { kind: 'error', code: 'InvalidObjectState', status: 403, message },
    });
    await put('keeper', 'archived.log');
    const words = new RegExp(
      `is archived\\. The object lies in an archive class\\. Restore it, then redrive the message\\. AWS: InvalidObjectState: ${message} ${REQUEST_ID}`,
    );
    const summary = await until(async () => {
      const run = await cli(['dead-letters', 'summary'], { environment });
      return run.out.includes('object-archived') ? run : undefined;
    }, 'the command line shows it');
    assert.match(summary.out, words);
    assert.match((await pipeline.deadLetter('archived.log')).detail, words);
    const object = `s3://${pipeline.names.bucket}/${keyOf('keeper', 'archived.log')}`;
    const look = await cli(['object', object], { environment });
    assert.equal(look.code, 1);
    assert.match(look.out, words);
    for (const line of again.lines) for (const secret of SECRETS) assert.ok(!JSON.stringify(line).includes(secret));
    await again.stop();
  });

  test('none of it has a secret of the platform or a text of the customer', async () => {
    const text = pipeline.service.lines.map((line) => JSON.stringify(line)).join('\n');
    assert.ok(text.includes('AccessDenied'));
    for (const secret of SECRETS) assert.ok(!text.includes(secret), secret);
    assert.doesNotMatch(text, /ASIA[A-Z2-7]{8}/);
  });
});
