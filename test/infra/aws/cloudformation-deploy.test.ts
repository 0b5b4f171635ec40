import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSettings } from '../../../service/base/settings.ts';
import { evaluateDeployment } from '../support/cloudformation/stacks.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { type AppliedPipeline, createPipelineRun, type PipelineRun } from '../support/pipeline-run.ts';
import { run } from '../support/terraform.ts';

/**
 * deploy.sh on moto, with the templates as they are committed, then the service run on exactly what was deployed: its
 * environment is that of the task definition. moto's CloudFormation leaves out resources of types that it does not
 * know; moto-extension/ adds what it cannot do without.
 */
const DEPLOY = fileURLToPath(new URL('../../../infra/cloudformation/deploy.sh', import.meta.url));
const BUCKET = 'templates';
const STACK = 'log-distributor-staging';
const PLACE = { partition: 'aws', region: 'us-east-1', accountId: '123456789012' };
/** By its digest an image is taken as it is; a tag would be looked up in the repository, which is not there yet. */
const DIGEST = `sha256:${'0a'.repeat(32)}`;
/** The AWS CLI looks every thirty seconds. */
const TIMEOUT_MS = 900_000;

/** Types that moto's CloudFormation does not know: cfn-lint and the comparison with Terraform are all that tests them. */
const UNKNOWN = [
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::Budgets::Budget',
  'AWS::CE::AnomalyMonitor',
  'AWS::CE::AnomalySubscription',
  'AWS::CloudWatch::Alarm',
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Logs::LogStream',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
];

const moto = await startMoto();
const aws = await run('aws', ['--version'], {}).catch(() => undefined);
const missing = moto ? (aws === undefined ? 'aws CLI' : undefined) : 'moto_server';
const SLOW = { skip: missing === undefined ? false : `left out: there is no ${missing} here`, timeout: TIMEOUT_MS };

let folder = '';
let firstPlan = '';
let deployed = '';
let pipeline: PipelineRun | undefined;
let applied: AppliedPipeline | undefined;

before(async () => {
  if (SLOW.skip || !moto) return;
  folder = await mkdtemp(join(tmpdir(), 'log-distributor-cloudformation-'));
  await query('s3api', 'create-bucket', '--bucket', BUCKET);
  firstPlan = await deploy('-e', 'staging', '--plan');
  deployed = await deploy('-e', 'staging', '--yes', '-i', DIGEST);
  applied = await readDeployment();
  pipeline = createPipelineRun(moto, applied);
}, SLOW);

after(async () => {
  await pipeline?.stop();
  await moto?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

function environment(): Moto['environment'] {
  return moto?.environment ?? {};
}

function deploy(...args: readonly string[]): Promise<string> {
  return run('bash', [DEPLOY, '-b', BUCKET, '-r', 'us-east-1', ...args], environment());
}

async function query(...args: readonly string[]) {
  const output = await run('aws', [...args, '--output', 'json'], environment());
  return output.trim() === '' ? {} : JSON.parse(output);
}

async function stacks(): Promise<
  { StackName: string; StackStatus: string; Outputs?: Output[]; Parameters: Given[] }[]
> {
  return (await query('cloudformation', 'describe-stacks')).Stacks;
}

interface Output {
  readonly OutputKey: string;
  readonly OutputValue: string;
}

interface Given {
  readonly ParameterKey: string;
  readonly ParameterValue: string;
}

async function readDeployment(): Promise<AppliedPipeline> {
  const { Outputs = [] } = (await stacks()).find(({ StackName }) => StackName === STACK) ?? {};
  const output = (name: string) => Outputs.find(({ OutputKey }) => OutputKey === name)?.OutputValue ?? '';
  const { taskDefinition } = await query('ecs', 'describe-task-definition', '--task-definition', STACK);
  const containers: { name: string; environment: { name: string; value: string | number }[] }[] =
    taskDefinition.containerDefinitions;
  const service = containers.find(({ name }) => name === 'log-distributor');
  return {
    bucket: output('Bucket'),
    tenantTable: output('TenantTable'),
    ledgerTable: output('LedgerTable'),
    queueUrl: output('QueueUrl'),
    deadLetterQueueUrl: output('DeadLetterQueueUrl'),
    environment: Object.fromEntries(service?.environment.map(({ name, value }) => [name, String(value)]) ?? []),
  };
}

test('--plan shows what would be made, and leaves nothing behind', SLOW, async () => {
  for (const name of ['CoreStack', 'IngestionStack', 'DistributorStack', 'MonitoringStack', 'SpendingStack']) {
    assert.match(firstPlan, new RegExp(`^Add\\s.*${name}`, 'm'));
  }
  assert.ok(!firstPlan.includes('Changing'), firstPlan);
});

test('all stacks are made, and the outputs are told', SLOW, async () => {
  const all = await stacks();
  assert.equal(all.length, 6);
  for (const { StackName, StackStatus } of all) assert.equal(StackStatus, 'CREATE_COMPLETE', StackName);
  assert.match(deployed, /^QueueUrl\s+\S+log-distributor-staging-delivery$/m);
});

test('everything is there whose type moto knows', SLOW, async (t) => {
  const parameters = Object.fromEntries(
    (JSON.parse(await readFile(join(DEPLOY, '../parameters/staging.json'), 'utf8')) as Given[]).map((it) => [
      it.ParameterKey,
      it.ParameterValue,
    ]),
  );
  const wanted = evaluateDeployment({ ...parameters, Environment: 'staging', ImageTag: DIGEST }, PLACE).resources;
  const known = wanted.filter(({ type }) => !UNKNOWN.includes(type));
  const made = new Set<string>();
  for (const { StackName } of await stacks()) {
    const { StackResourceSummaries } = await query('cloudformation', 'list-stack-resources', '--stack-name', StackName);
    for (const { LogicalResourceId, ResourceType } of StackResourceSummaries) {
      made.add(`${ResourceType} ${LogicalResourceId}`);
    }
  }
  for (const { address, type } of known) assert.ok(made.has(`${type} ${address.split('.')[1]}`), `${type} ${address}`);
  const seen = new Set(wanted.map(({ type }) => type));
  assert.deepEqual(
    UNKNOWN.filter((type) => !seen.has(type)),
    [],
    'types that are left out, and that no template has',
  );
  t.diagnostic(`${known.length} of ${wanted.length} resources; left out are ${UNKNOWN.join(', ')}`);
});

test('the task points the service at the queues and tables that were made', SLOW, () => {
  assert.ok(applied);
  const settings = readSettings(applied.environment);
  assert.equal(settings.queueUrl, applied.queueUrl);
  assert.equal(settings.deadLetterQueueUrl, applied.deadLetterQueueUrl);
  assert.equal(settings.tenantTable, applied.tenantTable);
  assert.equal(settings.ledgerTable, applied.ledgerTable);
});

test("an object that is put into the bucket reaches the tenant's account, event by event", SLOW, async () => {
  assert.ok(pipeline);
  await pipeline.deliver();
});

test('then the queue is empty, nothing is dead, and the ledger says done', SLOW, async () => {
  assert.ok(pipeline);
  await pipeline.settle();
});

test('SIGTERM drains it', SLOW, async () => {
  assert.ok(pipeline);
  const { exitCode, output } = await pipeline.stop();
  assert.equal(exitCode, 0, output);
});

test('a second deployment without changes says so, and keeps the image that runs', SLOW, async () => {
  assert.match(await deploy('-e', 'staging', '--yes'), /there is nothing to change/);
  const main = (await stacks()).find(({ StackName }) => StackName === STACK);
  const tag = main?.Parameters.find(({ ParameterKey }) => ParameterKey === 'ImageTag');
  assert.equal(tag?.ParameterValue, DIGEST);
});

interface RouteTable {
  readonly Tags?: readonly { readonly Value: string }[];
  readonly Routes: readonly { readonly DestinationCidrBlock?: string; readonly GatewayId?: string }[];
}

test('another region of the same environment, and another environment, are stacks of their own', SLOW, async () => {
  await query(
    's3api',
    'create-bucket',
    '--bucket',
    'templates-west',
    '--region',
    'us-west-2',
    '--create-bucket-configuration',
    'LocationConstraint=us-west-2',
  );
  await run('bash', [DEPLOY, '-b', 'templates-west', '-r', 'us-west-2', '-e', 'staging', '--yes'], environment());
  await deploy('-e', 'economy', '--yes');
  const { Roles } = await query('iam', 'list-roles');
  const names = Roles.map(({ RoleName }: { RoleName: string }) => RoleName);
  for (const scope of ['staging-us-east-1', 'staging-us-west-2', 'economy-us-east-1']) {
    assert.ok(names.includes(`log-distributor-${scope}-task`), `${scope}: ${names.join(', ')}`);
  }
  // Without NAT, the tasks' subnets reach AWS by the internet gateway.
  const { RouteTables } = await query('ec2', 'describe-route-tables');
  const ways = (RouteTables as readonly RouteTable[])
    .filter(({ Tags = [] }) =>
      ['log-distributor-economy', 'PrivateRoutes'].every((start) => Tags.some(({ Value }) => Value.startsWith(start))),
    )
    .flatMap(({ Routes }) => Routes.filter(({ DestinationCidrBlock }) => DestinationCidrBlock === '0.0.0.0/0'))
    .map(({ GatewayId }) => GatewayId?.slice(0, 4));
  assert.deepEqual(ways, ['igw-', 'igw-']);
});

/** Arguments that are refused with status 2, and why. */
const REFUSED: readonly (readonly [args: readonly string[], reason: RegExp])[] = [
  [['-e', 'prod', '--yes'], /there are no parameters of prod/],
  [['-e', 'Staging', '--yes'], /-e: must be 1 to 12 of a-z0-9/],
  [['-e', 'staging'], /nobody can be asked here/],
  [['-e', 'staging', '--yes', '-a', '999999999999'], /credentials of account 123456789012, and not of 999999999999/],
  [['-e', 'staging', '--yes', '-i'], /-i needs a value/],
  [['-e', 'staging', '--yes', '-i', '0.9.0'], /there is no image 0.9.0 in the repository log-distributor-staging/],
  [['-e', 'staging', '--yes', '-i', 'a b'], /must be the tag or digest of an image/],
  [['-e', 'staging', '--yes', '-r', 'cn-north-1'], /not for China/],
  [['-e', 'staging', '--yes', '-f', '/nowhere.json'], /nowhere.json cannot be read/],
  [['-e', 'staging', '--yes', '-p', 'a-name-that-is-far-too-long-for-any-bucket'], /must be shorter by \d+ characters/],
  [['-e', 'staging', '--now'], /unknown argument --now/],
];

for (const [args, reason] of REFUSED) {
  test(`deploy.sh refuses ${args.join(' ')}`, SLOW, async () => {
    await assert.rejects(deploy(...args), (error: Error) => {
      assert.match(error.message, /ended with 2/);
      assert.match(error.message, reason);
      return true;
    });
  });
}

test('a bucket that is not there is told with the command that makes it', SLOW, async () => {
  const args = ['-e', 'staging', '-b', 'nowhere', '--plan'];
  await assert.rejects(run('bash', [DEPLOY, ...args], environment()), /aws s3 mb s3:\/\/nowhere --region us-east-1/);
});

test('a file of parameters may be empty, and one that is no list is refused', SLOW, async () => {
  const empty = join(folder, 'empty.json');
  await writeFile(empty, '[\n]\n');
  assert.match(await deploy('-e', 'trial', '-f', empty, '--plan'), /^CREATE log-distributor-trial/m);
  const wrong = join(folder, 'wrong.json');
  await writeFile(wrong, '{"Production":"true"}');
  await assert.rejects(deploy('-e', 'trial', '-f', wrong, '--plan'), /must be a JSON list/);
});

test('a deployment that fails tells the state of the stack, and ends with 1', SLOW, async () => {
  // moto fails in no stack, so the one call that would tell of it fails instead; all others are the real ones.
  const real = (await run('bash', ['-c', 'command -v aws'], environment())).trim();
  const failing = join(folder, 'aws');
  const condition = '[[ "$1 $2 $3" == "cloudformation wait stack-create-complete" ]]';
  await writeFile(failing, `#!/usr/bin/env bash\nif ${condition}; then exit 255; fi\nexec '${real}' "$@"\n`);
  await chmod(failing, 0o755);
  const parameters = join(folder, 'none.json');
  await writeFile(parameters, '[]');
  const args = ['-b', BUCKET, '-r', 'us-east-1', '-e', 'failing', '-f', parameters, '--yes'];
  const path = `${folder}:${process.env.PATH}`;
  await assert.rejects(run('bash', [DEPLOY, ...args], { ...environment(), PATH: path }), (error: Error) => {
    assert.match(error.message, /ended with 1/);
    assert.match(error.message, /log-distributor-failing is CREATE_COMPLETE. What failed, with the reason:/);
    assert.doesNotMatch(error.message, /Done\./);
    return true;
  });
});
