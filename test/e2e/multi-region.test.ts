import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { type Cloud, startCloud } from 'embedded-aws';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { PIPELINE_NAMES, type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { readLogs } from '../../local/provision/read-logs.ts';
import { provisionTenant, type TenantSpec } from '../../local/provision/tenant.ts';
import { type ServiceProcess, startService } from '../../local/service-process.ts';
import { blocksOf } from '../support/blocks.ts';
import { cli } from '../support/cli.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { splitCommand } from '../support/runbook.ts';
import { buildTenant, keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';

/** The drill of docs/guide/multi-region.md: one environment in two regions, of which one loses its service in the middle of its work. */
const skip = process.env.AWS_ENDPOINT_URL ? 'it brings its own AWS' : false;

const HERE = 'us-east-1';
const THERE = 'eu-west-1';
const TENANTS: readonly TenantSpec[] = [
  buildTenant('acme', '511111111111', { target_region: HERE }),
  buildTenant('globex', '522222222222', { target_region: THERE }),
];
const PLATFORM = '000000000000';
const OBJECTS = 12;
const LINES = 40;
/** So that an object takes a while, and a kill finds some half delivered. */
const SLOW_MS = 150;

interface Region {
  readonly name: string;
  readonly deps: ProvisionDeps;
  readonly pipeline: Pipeline;
  readonly environment: Readonly<Record<string, string>>;
}

suite('one environment in two regions', { skip }, () => {
  const resources = new AsyncDisposableStack();
  let cloud: Cloud;
  let here: Region;
  let there: Region;
  /** Of the region that fails, since it is back. */
  let service: ServiceProcess | undefined;
  /** Messages by tenant, each once. */
  const sent = new Map<string, string[]>(TENANTS.map(({ tenantId }) => [tenantId, []]));
  const blocks: string[] = [];

  before(async () => {
    cloud = await startCloud({ onProblem: (problem) => console.error(problem) });
    resources.defer(() => cloud.close());
    here = await provision(HERE);
    there = await provision(THERE);
    await createDistributorRole(cloud.url);
    for (const tenant of TENANTS) await provisionTenant(here.deps, tenant, here.pipeline);
    const page = await blocksOf('docs/guide/multi-region.md', '## When a region fails');
    // Where the writers and the tasks are moved by another program, the test does it itself.
    blocks.push(...page.filter((block) => block.startsWith('log-distributor ')));
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  });
  after(() => resources.disposeAsync());

  /** Names are the same in both, but for the bucket's. */
  const provision = async (name: string): Promise<Region> => {
    const deps = createProvisionDeps({ endpointUrl: cloud.url, region: name });
    resources.defer(async () => deps.close());
    const pipeline = await provisionPipeline(deps, { ...PIPELINE_NAMES, bucket: `central-logs-${name}` });
    const environment = {
      ...endpointEnvironment(cloud.url, name),
      ...serviceEnvironment(pipeline),
      ...kernelEnvironment(),
      // Nobody waits here for the lease and the message of a task that was killed.
      LEASE_SECONDS: '5',
      VISIBILITY_TIMEOUT_SECONDS: '10',
      DISTRIBUTOR_ROLE_ARN: `arn:aws:iam::${PLATFORM}:role/distributor`,
    };
    return { name, deps, pipeline, environment };
  };
  const start = async ({ environment }: Region): Promise<ServiceProcess> => {
    const service = await startService({ environment });
    resources.defer(async () => {
      await service.stop();
    });
    return service;
  };

  /** What a writer closes while it is pointed at a region. */
  const write = async ({ deps, pipeline }: Region, name: string) => {
    for (const { tenantId } of TENANTS) {
      const messages = Array.from({ length: LINES }, (_, n) => `${name} ${n}`);
      const body = messages.map((message) => `${JSON.stringify({ timestamp: Date.now(), message })}\n`).join('');
      await deps.s3.send(
        new PutObjectCommand({ Bucket: pipeline.bucket, Key: keyOf(tenantId, `${name}.log`), Body: body }),
      );
      sent.get(tenantId)?.push(...messages);
    }
  };
  const received = async ({ tenantId, accountId, logGroupPrefix, deliveries }: TenantSpec) => {
    const region = String(deliveries[0]?.target_region);
    const messages: string[] = [];
    for await (const { message } of readLogs(here.deps, accountId, logGroupPrefix, region)) messages.push(message);
    return { tenantId, messages };
  };
  const arrived = async () => (await Promise.all(TENANTS.map(received))).flatMap(({ messages }) => messages);
  const total = () => [...sent.values()].flat().length;
  const untilAllArrived = () =>
    until(async () => new Set(await Promise.all(TENANTS.map(received)).then(tagged)).size === total(), 'all arrived');
  const tagged = (all: { tenantId: string; messages: string[] }[]) =>
    all.flatMap(({ tenantId, messages }) => messages.map((message) => `${tenantId} ${message}`));

  /** Each copy of a message beyond the first. */
  const repeated = async () => {
    const copies = Map.groupBy(tagged(await Promise.all(TENANTS.map(received))), (line) => line);
    return [...copies.values()].flatMap((lines) => lines.slice(1)).sort();
  };

  /** Runs the log-distributor lines of the page's next block for a region, for each tenant. */
  const follow = async ({ environment, pipeline }: Region, text: string) => {
    const block = blocks.shift() ?? '';
    assert.ok(block.includes(text), `the next block has no ${text}:\n${block}`);
    for (const line of block.trim().split('\n')) {
      const command = line.replace(/^log-distributor /, '');
      for (const { tenantId } of TENANTS) {
        const filled = command.replaceAll('central-logs', pipeline.bucket).replaceAll('acme', tenantId);
        const { code, err } = await cli(splitCommand(filled), { environment });
        assert.equal(code, 0, `${filled}: ${err}`);
      }
    }
  };

  test('the tenants of one region are copied to the other', async () => {
    for (const { tenantId } of TENANTS) {
      const { out } = await cli(['tenants', 'get', tenantId], { environment: here.environment });
      const put = await cli(['tenants', 'import', '-', '--overwrite', '--yes'], {
        environment: there.environment,
        input: out,
      });
      assert.equal(put.code, 0, put.err);
    }
    const list = async ({ environment }: Region) => (await cli(['tenants', 'list', '--json'], { environment })).json();
    assert.deepEqual(await list(there), await list(here));
  });

  test('a region loses its service in the middle: the other goes on, and what the first has in S3 arrives later', async () => {
    cloud.faults.add({ service: 'logs', action: 'PutLogEvents', effect: { kind: 'latency', ms: SLOW_MS } });
    const first = await start(here);
    await start(there);
    for (let n = 0; n < OBJECTS; n++) await write(here, `first ${n}`);
    await until(async () => (await arrived()).length > LINES, 'some are delivered');
    await first.stop('SIGKILL');
    const before = (await arrived()).length;
    assert.ok(before < total(), 'nothing was left to lose');

    for (let n = 0; n < OBJECTS; n++) await write(there, `second ${n}`);
    const second = [...sent.values()].flat().filter((message) => message.startsWith('second')).length;
    await until(
      async () =>
        new Set(tagged(await Promise.all(TENANTS.map(received))).filter((line) => / second /.test(line))).size ===
        second,
      'the other region delivers what is written there',
    );

    await follow(there, 'tenants list --invalid');
    service = await start(here);
    await untilAllArrived();
    // An object that was in flight may have been accepted and not yet saved when the task was killed: one chunk at most. It is
    // repeated when its message comes back.
    await until(async () => (await queued(here)) === 0, 'the queue is empty');
    const copies = await repeated();
    assert.deepEqual(copies, [...new Set(copies)]);
    for (const line of copies) assert.match(line, / first /);
    cloud.faults.clear();
  });

  test('announcements of the failed region are lost: a replay delivers what its ledger does not have', async () => {
    const already = await repeated();
    await service?.stop();
    for (let n = 0; n < 3; n++) await write(here, `unannounced ${n}`);
    await here.deps.sqs.send(new PurgeQueueCommand({ QueueUrl: here.pipeline.queueUrl }));
    assert.equal(await queued(here), 0);
    await start(here);
    await follow(here, '--missing');
    await untilAllArrived();
    await until(async () => (await queued(here)) === 0, 'the queue is empty');
    assert.deepEqual(await repeated(), already);
    assert.deepEqual(blocks, []);
  });
});

const QUEUED = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;

async function queued({ deps, pipeline: { queueUrl } }: Region): Promise<number> {
  const { Attributes } = await deps.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...QUEUED] }),
  );
  return QUEUED.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
}

/** The page's role that the tasks of both regions assume. Tests' services sign as the platform's account itself. */
async function createDistributorRole(endpoint: string): Promise<void> {
  const page = await readFile(new URL('../../docs/guide/multi-region.md', import.meta.url), 'utf8');
  const [trust = '', permissions = ''] = [...page.matchAll(/```json\n([\s\S]+?)```/g)].map(([, json = '']) => json);
  const trusted = JSON.parse(trust);
  assert.equal(trusted.Statement[0].Principal.AWS.length, 2);
  trusted.Statement[0].Principal.AWS = `arn:aws:iam::${PLATFORM}:root`;
  const iam = new IAMClient({ endpoint, region: HERE, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const RoleName = 'distributor';
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trusted) }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'BecomeTenants', PolicyDocument: permissions }));
  iam.destroy();
}
