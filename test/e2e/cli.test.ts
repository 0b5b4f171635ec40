import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { PutRolePolicyCommand, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { stringify } from 'yaml';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { serviceMain } from '../../local/service-process.ts';
import { type CliOptions, cli } from '../support/cli.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** The command line as whoever is on call uses it, on a pipeline that runs. */

const ACME = { ...tenantOf('acme-corp'), deliveries: [] };
const NEWCO = { ...tenantOf('newco'), deliveries: [] };
const NOW_MS = Date.now();
const DAY_MS = 86_400_000;
const enforced = process.env.AWS_ENDPOINT_URL === undefined;
const skip = enforced ? false : 'the endpoint does not enforce it';

const line = (message: string, timestamp = NOW_MS) => JSON.stringify({ message, timestamp, application: 'api' });

suite('the command line', () => {
  let pipeline: TestPipeline;
  let environment: Record<string, string>;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME, NEWCO] });
    const url = pipeline.cloud?.url ?? process.env.AWS_ENDPOINT_URL ?? '';
    environment = {
      ...endpointEnvironment(url, 'us-east-1'),
      ...serviceEnvironment(pipeline.names),
      ...kernelEnvironment(),
    };
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  const run = (args: readonly string[], options: Partial<CliOptions> = {}) => cli(args, { environment, ...options });
  const item = ({ tenantId, accountId, externalId }: typeof ACME, more: object = {}) => ({
    tenant_id: tenantId,
    type: 'cloudwatch',
    log_distribution_role_arn: `arn:aws:iam::${accountId}:role/LogDistribution-${tenantId}`,
    external_id: externalId,
    log_group_name: `/tenant-logs/${tenantId}`,
    ...more,
  });
  const put = async (value: object) => {
    const { code, err } = await run(['tenants', 'put', '-f', '-'], { input: stringify(value) });
    assert.equal(code, 0, err);
  };
  const verify = async () => {
    const { code, json } = await run(['tenants', 'verify', 'acme-corp', '--json']);
    const { deliveries } = json() as { deliveries: { steps: { step: string; outcome: string; fix?: object }[] }[] };
    const wrong = deliveries[0]?.steps.filter(({ outcome }) => outcome === 'finding' || outcome === 'failed') ?? [];
    return {
      code,
      wrong: wrong.map(({ step, outcome }) => `${outcome}: ${step}`),
      fixes: wrong.map(({ fix }) => JSON.stringify(fix)),
    };
  };
  const messages = async (tenant: typeof ACME, beginning: string) =>
    (await pipeline.logs(tenant))
      .map(({ message }) => message)
      .filter((text) => text.startsWith(beginning))
      .sort();

  test('a tenant is onboarded from YAML, and can be delivered to', async () => {
    await put(item(ACME, { retention_days: 7 }));
    await pipeline.put(keyOf('acme-corp', 'first.log'), line('first'));
    await pipeline.untilObjects(1);
    assert.deepEqual(await messages(ACME, 'first'), ['first']);
    const list = await run(['tenants', 'list', '--json']);
    assert.deepEqual(
      (list.json() as { tenant: string; enabled: boolean }[]).map(({ tenant, enabled }) => [tenant, enabled]),
      [['acme-corp', true]],
    );
  });

  test('the doctor passes what is right', async () => {
    const { wrong, code } = await verify();
    // An endpoint that enforces no trust has a trust that is too wide.
    assert.ok(
      wrong.every((text) => !enforced && text.startsWith('finding: ')),
      wrong.join('\n'),
    );
    assert.equal(code, enforced ? 0 : 1);
    assert.equal((await messages(ACME, 'log-distributor verify')).length, 1);
  });

  test('the doctor finds what is broken, and what it prints fixes it', { skip }, async () => {
    await put(item(ACME, { external_id: 'not-the-right-one' }));
    assert.deepEqual((await verify()).wrong, ['failed: the role can be assumed']);
    await put(item(ACME));
    assert.equal((await verify()).code, 0);

    const iam = pipeline.deps.iam(ACME.accountId);
    const role = { RoleName: 'LogDistribution-acme-corp' };
    const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
    const { Account } = await pipeline.deps.sts.send(new GetCallerIdentityCommand({}));
    const open = {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${Account}:root` },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    };
    await iam.send(new UpdateAssumeRolePolicyCommand({ ...role, PolicyDocument: document(open) }));
    const wide = await verify();
    assert.equal(wide.wrong.length, 3);
    assert.ok(wide.wrong.every((text) => text.startsWith('finding: ')));

    const nothing = { Effect: 'Deny', Action: 'logs:*', Resource: '*' };
    await iam.send(new PutRolePolicyCommand({ ...role, PolicyName: 'WriteLogs', PolicyDocument: document(nothing) }));
    const refused = await verify();
    assert.ok(refused.wrong.includes('failed: log group and stream can be created'));

    const statements = (fixes: readonly (string | undefined)[], sid: string) =>
      fixes
        .flatMap((fix) => (JSON.parse(fix ?? '{}') as { statements?: { Sid: string }[] }).statements ?? [])
        .filter(({ Sid }) => Sid === sid)
        .slice(0, 1);
    const [write] = statements(refused.fixes, 'WriteOwnGroups');
    await iam.send(
      new PutRolePolicyCommand({ ...role, PolicyName: 'WriteLogs', PolicyDocument: document(write ?? {}) }),
    );
    // What a role that knows nobody is told to say, with the external id in its place.
    await iam.send(
      new UpdateAssumeRolePolicyCommand({ ...role, PolicyDocument: document({ ...open, Effect: 'Deny' }) }),
    );
    const closed = await verify();
    const trust = JSON.stringify([
      ...statements(closed.fixes, 'DistributorAssumes'),
      ...statements(closed.fixes, 'DistributorTagsSession'),
    ]);
    const fixed = JSON.parse(trust.replaceAll("(external_id of the tenant's item)", ACME.externalId)) as object[];
    await iam.send(new UpdateAssumeRolePolicyCommand({ ...role, PolicyDocument: document(...fixed) }));
    assert.deepEqual((await verify()).wrong, []);
  });

  test('an object is told as it was delivered', async () => {
    const url = `s3://${pipeline.names.bucket}/${keyOf('acme-corp', 'first.log')}`;
    const { code, json } = await run(['object', url, '--json']);
    assert.equal(code, 0);
    const { ledger, deliveries } = json() as { ledger: { state: string }[]; deliveries: { events: number }[] };
    assert.deepEqual([ledger.map(({ state }) => state), deliveries.map(({ events }) => events)], [['done'], [1]]);
  });

  test('an hour that is replayed is delivered exactly once more, however often its replay is asked for', async () => {
    const texts = Array.from({ length: 12 }, (_, at) => `replayed ${String(at).padStart(2, '0')}`);
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    for (const text of texts) await pipeline.put(keyOf('acme-corp', `${text.replace(' ', '-')}.log`), line(text));
    await pipeline.untilObjects(done + texts.length);
    const asked = [
      'replay',
      '--bucket',
      pipeline.names.bucket,
      '--tenant',
      'acme-corp',
      '--from',
      '1h',
      '--id',
      'again',
      '--rate',
      '100',
      '--yes',
    ];
    const first = await run(asked);
    assert.equal(first.code, 0, first.err);
    const state = async () => run(['replay-status', 'again', '--json']);
    await until(async () => (await state()).code === 0, 'the replay is done');
    assert.deepEqual(await messages(ACME, 'replayed'), [...texts, ...texts].sort());

    assert.equal((await run(asked)).code, 2);
    assert.equal((await run(['replay', '--continue', 'again', '--yes'])).code, 0);
    // The messages themselves once more, as after an interruption between a send and its record.
    const duplicates = await pipeline.metric('objects_total', { outcome: 'duplicate' });
    const notification = (await pipeline.ledger()).find(({ object }) => String(object).endsWith('+replay:again'));
    assert.equal(notification?.state, 'done');
    const [, key = '', eTag] = /^s3:\/\/[^/]+\/(.+)#(.+)\+replay:again$/.exec(String(notification.object)) ?? [];
    await pipeline.send(
      JSON.stringify({
        Records: [
          {
            eventName: 'ObjectCreated:Put',
            s3: { bucket: { name: pipeline.names.bucket }, object: { key: encodeURIComponent(key), eTag } },
            logDistributorReplay: { id: 'again' },
          },
        ],
      }),
    );
    await pipeline.untilObjects(duplicates + 1, 'duplicate');
    assert.deepEqual(await messages(ACME, 'replayed'), [...texts, ...texts].sort());
  });

  test('of two reasons for dead letters one is fixed and redriven, and the other stays', async () => {
    await pipeline.put(keyOf('newco', 'early.log'), line('came before the tenant'));
    await pipeline.put('logs/tenant_id=/cluster_id=c/environment=e/nobody.log', line('nobody'));
    const summary = async () => {
      const { json } = await run(['dead-letters', 'summary', '--json']);
      const { groups } = json() as { groups: { reason: string; count: number }[] };
      return groups.map(({ reason, count }) => `${count} ${reason}`).sort();
    };
    await until(async () => (await summary()).length === 2, 'both are dead letters');
    assert.deepEqual(await summary(), ['1 object-key-invalid', '1 tenant-unknown']);

    await put(item(NEWCO));
    const { code, json } = await run(['dead-letters', 'redrive', '--reason', 'tenant-unknown', '--yes', '--json']);
    assert.equal(code, 0);
    assert.equal((json() as { redriven: number }).redriven, 1);
    await until(async () => (await messages(NEWCO, 'came')).length > 0, 'it is delivered');
    assert.deepEqual(await messages(NEWCO, 'came'), ['came before the tenant']);
    assert.deepEqual(await summary(), ['1 object-key-invalid']);
  });

  test('records that expired are delivered once the group keeps them longer, and no other record with them', {
    skip,
  }, async () => {
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    const lines = [
      line('expired one', NOW_MS - 8 * DAY_MS),
      line('was in time'),
      line('expired two', NOW_MS - 9 * DAY_MS),
    ];
    await pipeline.put(keyOf('acme-corp', 'expired.log'), lines.join('\n'));
    await pipeline.untilObjects(done + 1);
    assert.deepEqual(await messages(ACME, 'expired'), []);
    const logs = pipeline.deps.logs(ACME.accountId, 'us-east-1');
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/tenant-logs/acme-corp', retentionInDays: 14 }));
    for (const _ of [1, 2]) {
      const redriven = await run([
        'quarantine',
        'redrive',
        '--bucket',
        pipeline.names.bucket,
        '--reason',
        'expired',
        '--yes',
      ]);
      assert.equal(redriven.code, 0, redriven.err);
    }
    await until(async () => (await messages(ACME, 'expired')).length > 0, 'they are delivered');
    await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
    assert.deepEqual(await messages(ACME, 'expired'), ['expired one', 'expired two']);
    assert.deepEqual(await messages(ACME, 'was'), ['was in time']);
  });

  test('the program is the service without a command, and the command line with one', async () => {
    const started = promisify(execFile)(process.execPath, [serviceMain(), 'tenants', 'get', 'acme-corp'], {
      env: { ...environment, PATH: process.env.PATH },
    });
    const { stdout } = await started;
    assert.match(stdout, /^tenant_id: acme-corp$/m);
    const failure = await promisify(execFile)(process.execPath, [serviceMain(), 'tenants', 'get', 'nobody'], {
      env: { ...environment, PATH: process.env.PATH },
    }).then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    );
    assert.equal(failure?.code, 2);
    assert.match(failure?.stderr ?? '', /^log-distributor: tenant nobody is unknown/);
  });

  test('a reader that leaves in the middle ends the command without a stack trace', async () => {
    const command = `"${process.execPath}" "${serviceMain()}" tenants list | true`;
    const { stderr } = await promisify(execFile)('bash', ['-c', command], {
      env: { ...environment, PATH: process.env.PATH },
    });
    assert.doesNotMatch(stderr, /at .*:\d+:\d+/);
  });
});
