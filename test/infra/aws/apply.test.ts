import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { configOf } from '../../../infra/config/config.ts';
import { logTableOf } from '../../../infra/values/athena.ts';
import { layoutOf } from '../../../infra/values/object-layout.ts';
import { readSettings } from '../../../service/base/settings.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { type AppliedPipeline, createPipelineRun, type PipelineRun } from '../support/pipeline-run.ts';
import { type Synthesis, synthesis } from '../support/synth.ts';
import { findTerraform, type LocalTerraform } from '../support/terraform.ts';

/**
 * The pipeline applied to moto, then the service run on exactly what was applied: its environment is that of the task
 * definition. What moto cannot do is left out by name; the provider has validated all of it (terraform.test.ts).
 */
const MOTO_CANNOT: Readonly<Record<string, string>> = {
  aws_appautoscaling_target: 'ListTagsForResource of Application Auto Scaling',
  aws_budgets_budget: 'DescribeSubscribersForNotification of Budgets',
  aws_ce_anomaly_monitor: 'CreateAnomalyMonitor of Cost Explorer',
  aws_s3_bucket_lifecycle_configuration: 'sizes in the filters of lifecycle rules',
  aws_s3_bucket_policy: 'conditions of bucket policies: it takes a denial without TLS for a denial',
  aws_sqs_queue_redrive_allow_policy: 'the attribute RedriveAllowPolicy of SQS',
};

const WRITERS = {
  writers: { principals: ['arn:aws:iam::123456789012:role/collector'], externalId: 'between-cluster-and-platform' },
};

const found = await findTerraform();
const terraform = typeof found === 'string' ? undefined : found;
const moto = terraform ? await startMoto() : undefined;
/** The provider waits for half a minute for each queue, emulator or not. */
const TIMEOUT_MS = 300_000;
const skip = terraform ? (moto ? false : 'left out: there is no moto_server here') : `left out: ${found}`;
const SLOW_HOOK = { timeout: TIMEOUT_MS };
const SLOW = { skip, timeout: TIMEOUT_MS };

let it: Synthesis | undefined;
let leftOut: readonly string[] = [];
let applied: Applied;
let pipeline: PipelineRun | undefined;

interface Applied extends AppliedPipeline {
  readonly resources: number;
  /** Properties of the table that Athena queries. */
  readonly tableParameters: Readonly<Record<string, string>>;
}

before(async () => {
  if (!terraform || !moto) return;
  it = await synthesis('staging', WRITERS, { providerVersion: terraform.providerVersion, emulated: true });
  leftOut = await it.leaveOut(Object.keys(MOTO_CANNOT));
  await terraform.init(it.folder);
  const apply = ['apply', '-auto-approve', '-input=false', '-no-color', '-parallelism=20'];
  await terraform.run(it.folder, apply, moto.environment);
  applied = await readState(terraform, it.folder, moto);
  pipeline = createPipelineRun(moto, applied);
}, SLOW_HOOK);
after(async () => {
  await pipeline?.stop();
  await moto?.stop();
  await it?.remove();
});

async function readState(cli: LocalTerraform, folder: string, { environment }: Moto): Promise<Applied> {
  const { values } = JSON.parse(await cli.run(folder, ['show', '-json'], environment));
  const output = (name: string) => String(values.outputs[name].value);
  const resources: {
    type: string;
    mode: string;
    values: { container_definitions: string; parameters?: Record<string, string> };
  }[] = values.root_module.resources;
  const task = resources.find(({ type }) => type === 'aws_ecs_task_definition');
  const containers: { name: string; environment: { name: string; value: string }[] }[] = JSON.parse(
    task?.values.container_definitions ?? '[]',
  );
  const container = containers.find(({ name }) => name === 'log-distributor');
  return {
    resources: resources.filter(({ mode }) => mode === 'managed').length,
    bucket: output('bucket'),
    tenantTable: output('tenant_table'),
    ledgerTable: output('ledger_table'),
    queueUrl: output('queue_url'),
    deadLetterQueueUrl: output('dead_letter_queue_url'),
    tableParameters: resources.find(({ type }) => type === 'aws_glue_catalog_table')?.values.parameters ?? {},
    environment: Object.fromEntries(container?.environment.map(({ name, value }) => [name, value]) ?? []),
  };
}

test('all resources that moto can hold are applied', SLOW, (t) => {
  assert.equal(applied.resources, it?.count);
  t.diagnostic(`applied ${applied.resources} resources with provider ${terraform?.version}`);
  for (const address of leftOut) {
    const reason = MOTO_CANNOT[address.split('.')[0] ?? ''] ?? 'refers to one of the others';
    t.diagnostic(`left out ${address}: ${reason}`);
  }
});

test('the task points the service at the queues and tables that were applied', SLOW, () => {
  const settings = readSettings(applied.environment);
  assert.equal(settings.queueUrl, applied.queueUrl);
  assert.equal(settings.deadLetterQueueUrl, applied.deadLetterQueueUrl);
  assert.equal(settings.tenantTable, applied.tenantTable);
  assert.equal(settings.ledgerTable, applied.ledgerTable);
});

test('the table has its projection as Athena reads it', SLOW, () => {
  const config = configOf('staging', WRITERS);
  const names = { bucket: applied.bucket };
  assert.deepEqual(applied.tableParameters, logTableOf(config, names, layoutOf(config)).parameters);
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
