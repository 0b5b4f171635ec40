import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { stringify } from 'yaml';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { cli } from '../support/cli.ts';
import { writeInventory } from '../support/inventory.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { commandsIn } from '../support/runbook.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** Every command of docs/guide/operations.md, in its order, on a pipeline with a bit of every trouble. */

const ACME = tenantOf('acme');
const NOW_MS = Date.now();
const COMMANDS = (await commandsIn('docs/guide/operations.md')).filter(({ inBlock }) => inBlock);
/** Assumes roles of customers, which trust the distributor only. */
const isOfDistributor = (args: readonly string[]) => args[1] === 'verify';
const enforced = process.env.AWS_ENDPOINT_URL === undefined;

suite("the runbook's commands", () => {
  let pipeline: TestPipeline;
  let environment: Record<string, string>;
  let operator: Record<string, string> = {};
  let folder: string;
  const home = process.cwd();
  const object = keyOf('acme', 'mixed.log');

  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME] });
    const url = pipeline.cloud?.url ?? process.env.AWS_ENDPOINT_URL ?? '';
    environment = {
      ...endpointEnvironment(url, 'us-east-1'),
      ...serviceEnvironment(pipeline.names),
      ...kernelEnvironment(),
      RECONCILE_BUCKET: pipeline.names.bucket,
    };
    become({});
    folder = await mkdtemp(join(tmpdir(), 'runbook-'));
    process.chdir(folder);
    const { tenantId: tenant_id, accountId, externalId: external_id, logGroupPrefix: log_group_name } = ACME;
    const log_distribution_role_arn = `arn:aws:iam::${accountId}:role/LogDistribution-${tenant_id}`;
    await writeFile(
      'acme.yaml',
      stringify({ tenant_id, type: 'cloudwatch', external_id, log_group_name, log_distribution_role_arn }),
    );

    const lines = ['{"message":"good"}', 'no JSON', '{"message":"x","customer_tenant":"globex"}'];
    await pipeline.put(object, lines.join('\n'));
    await pipeline.untilObjects(1);
    await pipeline.put(keyOf('nobody', 'unknown.log'), `{"message":"m","timestamp":${NOW_MS}}`);
    await pipeline.send('garbage');
    await until(async () => (await pipeline.metric('dead_letters_total')) >= 2, 'there are dead letters');
    if (!enforced) return;
    operator = await becomeOperator();
    const { bucket } = pipeline.names;
    const manifest = `${bucket}/daily/2026-11-24T01-00Z/manifest.json`;
    await writeInventory(pipeline.deps.s3, { bucket, reports: 'my-inventory', manifest, createdMs: Date.now() });
    // A task says every 15 s how far it has read the queue.
    await until(async () => (await run(['reconcile', '--from', '6h', '--json'])).out !== '', 'objects can be judged');
  });
  after(async () => {
    process.chdir(home);
    await rm(folder, { recursive: true });
    become({});
    await pipeline[Symbol.asyncDispose]();
  });

  /** The SDK of the command line takes its credentials from here. */
  const become = (session: Readonly<Record<string, string>>) => {
    delete process.env.AWS_SESSION_TOKEN;
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }, session);
  };

  /** A role with the page's policy, and nothing else. */
  const becomeOperator = async (): Promise<Record<string, string>> => {
    const { deps, names } = pipeline;
    const { Account = '' } = await deps.sts.send(new GetCallerIdentityCommand({}));
    const page = await readFile(new URL('../../docs/guide/operations.md', import.meta.url), 'utf8');
    const [, json = ''] = /```json\n([\s\S]+?)```/.exec(page) ?? [];
    const policy = json
      .replaceAll('000000000000', Account)
      .replaceAll('tenant-configurations', names.tenantTable)
      .replaceAll('delivery-ledger', names.ledgerTable)
      .replaceAll(':log-distributor-dead-letters"', `:${names.deadLetterQueue}"`)
      .replaceAll(':log-distributor"', `:${names.queue}"`)
      .replaceAll('central-logs', names.bucket);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const iam = new IAMClient({ endpoint: pipeline.cloud?.url ?? '', region: 'us-east-1', credentials });
    const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${Account}:root` }, Action: 'sts:AssumeRole' };
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'operator',
        AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
      }),
    );
    await iam.send(new PutRolePolicyCommand({ RoleName: 'operator', PolicyName: 'Operate', PolicyDocument: policy }));
    iam.destroy();
    const { Credentials } = await deps.sts.send(
      new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${Account}:role/operator`, RoleSessionName: 'runbook' }),
    );
    return {
      AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
    };
  };

  const run = (args: readonly string[]) => cli(args, { environment });

  /** What the page leaves to its reader. */
  const fillIn = async (args: readonly string[]): Promise<string[]> => {
    const filled: string[] = [];
    for (const arg of args) {
      if (arg === 'MESSAGE_ID') {
        const letters = (await run(['dead-letters', 'list', '--json'])).json() as { id: string }[];
        filled.push(letters[0]?.id ?? '');
      } else if (arg.endsWith('/QUARANTINE_KEY')) {
        const list = await run(['quarantine', 'list', '--bucket', pipeline.names.bucket, '--files', '--json']);
        filled.push((list.json() as { url: string }[])[0]?.url ?? '');
      } else {
        const names = arg.replace('OBJECT_KEY', object).replace('central-logs', pipeline.names.bucket);
        filled.push(names.replace('http://127.0.0.1:8080', pipeline.service.url));
      }
    }
    return filled;
  };

  for (const { line, args, into } of COMMANDS) {
    const skip = args[0] === 'reconcile' && !enforced && 'how far a queue is read is known only of the embedded AWS';
    test(`line ${line}: ${args.join(' ')}`, { skip }, async () => {
      become(isOfDistributor(args) ? {} : operator);
      const { code, out, err } = await run(await fillIn(args));
      // 1 tells of trouble, and there is some; a command that could not do its work says so on standard error.
      assert.ok(code === 0 || (code === 1 && out !== ''), `status ${code}: ${err}`);
      assert.doesNotMatch(err, /^log-distributor: /m);
      if (into) await writeFile(into, out);
      // The page goes on with a tenant that is there.
      if (args.includes('disable')) assert.equal((await run(['tenants', 'enable', 'acme'])).code, 0);
    });
  }

  test('what the runbook was to fix is fixed', async () => {
    become({});
    const { json } = await run(['dead-letters', 'summary', '--json']);
    assert.deepEqual(
      (json() as { groups: { reason: string }[] }).groups.map(({ reason }) => reason),
      ['tenant-unknown'],
      'of another tenant than the one that was redriven',
    );
    await until(async () => (await run(['replay-status', 'acme-one'])).code === 0, 'the replay is done');
  });
});
