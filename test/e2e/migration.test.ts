import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { stringify } from 'yaml';
import type { ProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { provisionTable } from '../../local/provision/table.ts';
import { provisionTenant, type TenantSpec } from '../../local/provision/tenant.ts';
import { type ServiceProcess, serviceMain } from '../../local/service-process.ts';
import { judge, parseItems } from '../../service/cli/tenants/item.ts';
import { TENANT_TABLE_KEYS } from '../../service/core/tables.ts';
import { blocksOf } from '../support/blocks.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { buildTenant, keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { type LambdaDesign, startLambdaDesign } from './lambda-design.ts';
import { startPipeline, type TestPipeline } from './pipeline.ts';
import { exists } from './program.ts';

/**
 * The commands of docs/migration.md for functions on the same hub, in their order, on a pipeline beside such a consumer. Those that
 * deploy are tested in test/infra/.
 */
const skip = process.env.AWS_ENDPOINT_URL
  ? 'it brings its own AWS'
  : exists('aws', '--version')
    ? false
    : 'left out: there is no aws CLI here';

const TENANT = buildTenant('acme', '511111111111');
/** A tenant that both deliver to. */
const BOTH = buildTenant('globex', '522222222222');
const BLOCKS = (await blocksOf('docs/migration.md', '## From Lambda functions on the same hub')).filter(
  (block) => !block.includes('npm run deploy'),
);
const run = promisify(execFile);

/** The tenants exist in their accounts, and the service's table does not have them. */
const WITHOUT_ITEMS: TenantSpec = { ...TENANT, deliveries: [] };

suite('from functions on the same hub', { skip }, () => {
  let pipeline: TestPipeline;
  let service: ServiceProcess;
  let functions: LambdaDesign;
  let folder: string;
  let environment: Record<string, string>;
  const sent: string[] = [];
  const blocks = [...BLOCKS];

  before(async () => {
    pipeline = resources.use(await startPipeline());
    service = pipeline.service;
    await provisionTenant(pipeline.deps, WITHOUT_ITEMS, pipeline.names);
    functions = resources.use(await startLambdaDesign(pipeline.deps, pipeline.names, [TENANT, BOTH]));
    folder = await mkdtemp(join(tmpdir(), 'migration-'));
    resources.defer(() => rm(folder, { recursive: true }));
    environment = {
      PATH: process.env.PATH ?? '',
      ...endpointEnvironment(pipeline.cloud?.url ?? '', 'us-east-1'),
      ...serviceEnvironment(pipeline.names),
      ...kernelEnvironment(),
    };
    const item = {
      tenant_id: TENANT.tenantId,
      log_distribution_role_arn: `arn:aws:iam::${TENANT.accountId}:role/LogDistribution-${TENANT.tenantId}`,
      external_id: TENANT.externalId,
      enabled: false,
    };
    await writeFile(
      join(folder, 'acme.yaml'),
      stringify({ ...item, type: 'cloudwatch', log_group_name: TENANT.logGroupPrefix }),
    );
    const trial = { type: 'cloudwatch#trial', enabled: true, log_group_name: `${TENANT.logGroupPrefix}/trial` };
    await writeFile(join(folder, 'acme-trial.yaml'), stringify({ ...item, ...trial }));
  });
  const resources = new AsyncDisposableStack();
  after(() => resources.disposeAsync());

  /** Runs the next block of the page, which must hold this text. @returns what it prints */
  const follow = async (text: string, from = '', patiently = ''): Promise<string> => {
    const block = blocks.shift() ?? '';
    assert.ok(block.includes(text), `the next block has no ${text}:\n${block}`);
    return shell(block, from, patiently);
  };
  const shell = async (block: string, from = '', patiently = ''): Promise<string> => {
    const filled = block
      .replaceAll('central-logs', pipeline.names.bucket)
      .replaceAll(
        '--table-name log-distributor-production-tenant-configurations',
        `--table-name ${pipeline.names.tenantTable}`,
      )
      .replaceAll('--table-name tenant-configurations', `--table-name ${functions.table}`)
      .replace(/arn:aws:sns:\S+:LAMBDA_SUBSCRIPTION/, functions.subscriptionArn)
      .replace(/arn:aws:sns:\S+-objects\b/, pipeline.names.topicArn)
      .replace(/arn:aws:sqs:\S+lambda-logs-dlq/, functions.deadLetterQueueArn)
      .replace(/arn:aws:sqs:\S+lambda-logs/, functions.queueArn)
      .replace(/arn:aws:sqs:\S+-delivery/, pipeline.names.queueArn)
      .replace(/https:\S+lambda-logs/, functions.queueUrl)
      .replaceAll('2026-11-30T10:00:00Z', from);
    const script = [
      'set -euo pipefail',
      // The first version of the AWS CLI takes the address of SQS from nowhere else.
      'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }',
      `log-distributor() { '${process.execPath}' '${serviceMain()}' "$@"; }`,
      filled,
    ];
    const once = async () => (await run('bash', ['-c', script.join('\n')], { cwd: folder, env: environment })).stdout;
    return patiently === '' ? once() : until(() => once().catch(() => undefined), patiently);
  };

  /** An object with some lines that no other has. */
  const write = async (name: string) => {
    const events = Array.from({ length: 3 }, (_, n) => ({
      timestamp: Date.now() + n,
      message: `${name} ${n}`,
      application: 'checkout',
    }));
    const key = keyOf('acme', `${name}.log`);
    await pipeline.put(key, events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    sent.push(...events.map(({ message }) => message));
    return key;
  };
  const messagesOf = async (tenant: TenantSpec, suffix = '') =>
    (await pipeline.logs(tenant))
      .filter(({ group, stream }) => group === `${tenant.logGroupPrefix}${suffix}` && !stream.endsWith('verify'))
      .map(({ message }) => message)
      .sort();
  const received = (suffix = '') => messagesOf(TENANT, suffix);
  /** Tasks keep an item for a minute; a new one reads it. */
  const restart = async () => {
    await service.stop();
    service = await pipeline.startService();
  };
  const acknowledged = () =>
    until(async () => (await pipeline.queued()) === 0, 'the service has acknowledged all announcements');
  const functionsHave = (key: string) => until(() => functions.delivered.includes(key), `the functions deliver ${key}`);

  test('the tenants are copied, and the service delivers nothing of them', async () => {
    await follow('sns subscribe');
    await follow('tenants import');
    await follow('tenants verify');
    await functionsHave(await write('before'));
    await acknowledged();
    assert.deepEqual(await received(), [...sent].sort());
  });

  test('a trial delivers into a group of its own', async () => {
    await follow('tenants put -f acme-trial.yaml');
    await restart();
    await functionsHave(await write('trial'));
    await acknowledged();
    await follow('--delivery cloudwatch#trial');
    await restart();
    assert.deepEqual(await received('/trial'), ['trial 0', 'trial 1', 'trial 2']);
    assert.deepEqual(await received(), [...sent].sort());
  });

  test('while both deliver, every event arrives twice, as the ledger does not know the functions', async () => {
    await provisionTenant(pipeline.deps, BOTH, pipeline.names);
    await pipeline.put(keyOf(BOTH.tenantId, 'both.log'), `{"timestamp":${Date.now()},"message":"both"}`);
    await until(async () => (await messagesOf(BOTH)).length >= 2, 'both deliver');
    assert.deepEqual(await messagesOf(BOTH), ['both', 'both']);
  });

  test('after the switch, each event has arrived exactly once', async () => {
    await write('undelivered by functions');
    await until(() => functions.deadLetters.length === 1, 'the functions give it up');
    await acknowledged();
    // S3 tells times in whole seconds: nothing that the functions have may lie in the second that is noted.
    const lastSecond = Math.floor(Date.now() / 1000);
    await until(() => Math.floor(Date.now() / 1000) > lastSecond + 1, 'the clock goes on');
    const [from = ''] = (await follow('sns unsubscribe')).split('\n');
    await write('gap');
    await acknowledged();
    await follow('tenants enable');
    await restart();
    await write('after');
    await until(async () => (await received()).includes('after 2'), 'the service delivers');
    await follow('--missing --dry-run', from);
    await follow('replay-status', from, 'until it is done');
    const lost = ['undelivered by functions 0', 'undelivered by functions 1', 'undelivered by functions 2'];
    assert.deepEqual(await received(), sent.filter((message) => !lost.includes(message)).sort());
    const attributes = JSON.parse(await follow('get-queue-attributes')).Attributes;
    assert.deepEqual(Object.values(attributes), ['0', '0']);
  });

  test("the functions' dead letters are announcements that the service takes", async () => {
    // What SQS does by the page's next command, which this emulator does not have.
    assert.ok(blocks.shift()?.includes('start-message-move-task'));
    for (const MessageBody of functions.deadLetters) {
      await pipeline.deps.sqs.send(new SendMessageCommand({ QueueUrl: pipeline.names.queueUrl, MessageBody }));
    }
    await until(async () => (await received()).length >= sent.length, 'the service delivers');
    assert.deepEqual(await received(), [...sent].sort());
  });

  test('the way back stops the service', async () => {
    await follow('tenants disable acme');
    assert.deepEqual(blocks, []);
    await restart();
    await write('back');
    await acknowledged();
    assert.ok(!(await received()).includes('back 0'));
  });

  test('what DynamoDB returns of one deployment is what import takes for another', async () => {
    const [copy = ''] = await blocksWith('### By a second pipeline', '--query Items');
    assert.match(await shell(copy), /^acme\/cloudwatch {2}unchanged$/m);
  });

  test("the export of rosa-log-router's table has the enabled deliveries, with all that is not new", async () => {
    await createRosaTable(pipeline.deps);
    const [copy = ''] = await blocksWith('## From rosa-log-router', 'tenant-configs');
    await shell(copy);
    const items = parseItems(await readFile(join(folder, 'tenants.json'), 'utf8'), 'tenants.json');
    const set = items.map((item) => Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null)));
    const both = { tenant_id: 'shop', enabled: true, target_region: 'us-east-1', desired_logs: ['kube-apiserver'] };
    const log = { type: 'cloudwatch', log_group_name: 'cw-log-delivery', log_stream_name: '{pod_name}' };
    const bucket = { type: 's3', bucket_name: 'customer-logging', bucket_prefix: 'openshift/' };
    assert.deepEqual(set, [
      { ...both, ...log },
      { ...both, ...bucket },
    ]);
    for (const item of set) {
      const role = { log_distribution_role_arn: 'arn:aws:iam::123456789012:role/LogDistribution-shop' };
      assert.deepEqual(judge({ ...item, ...role }, { region: 'us-west-2', applicationGroups: {} }).problems, []);
    }
  });
});

const blocksWith = async (heading: string, text: string) =>
  (await blocksOf('docs/migration.md', heading)).filter((block) => block.includes(text));

/** With items as that system's guide puts them, and one that it would not deliver to. */
async function createRosaTable(deps: ProvisionDeps): Promise<void> {
  const name = 'rosa-log-router-tenant-configs';
  await provisionTable(deps, { name, keys: TENANT_TABLE_KEYS });
  const both = { enabled: true, target_region: 'us-east-1' };
  const items = [
    {
      ...both,
      tenant_id: 'shop',
      type: 'cloudwatch',
      log_group_name: 'cw-log-delivery',
      desired_logs: ['kube-apiserver'],
    },
    {
      ...both,
      tenant_id: 'shop',
      type: 's3',
      bucket_name: 'customer-logging',
      bucket_prefix: 'openshift/',
      desired_logs: new Set(['kube-apiserver']),
    },
    { tenant_id: 'gone', type: 'cloudwatch', log_group_name: 'cw-log-delivery' },
  ];
  for (const item of items) await deps.dynamo.send(new PutItemCommand({ TableName: name, Item: marshall(item) }));
}
