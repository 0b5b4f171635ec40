import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { logTableOf } from '../../../infra/athena.ts';
import { configOf } from '../../../infra/config.ts';
import { layoutOf } from '../../../infra/object-layout.ts';
import { encodeRecords, objectKey, takeRecords } from '../../../local/workload/object.ts';
import type { LogRecord } from '../../../local/workload/record.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { readSettings } from '../../../service/base/settings.ts';
import { credentialsOf } from '../support/accounts.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { type RunningService, startService } from '../support/service.ts';
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
  aws_s3_bucket_policy: 'conditions of bucket policies: it takes a denial without TLS for a denial',
  aws_sqs_queue_redrive_allow_policy: 'the attribute RedriveAllowPolicy of SQS',
};

const TENANT_ACCOUNT = '222222222222';
const TENANT = 'acme';
const DEADLINE_MS = 60_000;
const WRITERS = {
  writers: { principals: ['arn:aws:iam::123456789012:role/collector'], externalId: 'between-cluster-and-platform' },
};
const TENANT_ITEM = {
  tenant_id: TENANT,
  type: 'cloudwatch',
  log_distribution_role_arn: `arn:aws:iam::${TENANT_ACCOUNT}:role/LogDistribution-${TENANT}`,
  external_id: 'between-acme-and-the-platform',
  log_group_name: `/tenant-logs/${TENANT}/{application}`,
};

const found = await findTerraform();
const terraform = typeof found === 'string' ? undefined : found;
const moto = terraform ? await startMoto() : undefined;
/** The provider alone waits for a minute until a lifecycle has settled, emulator or not. */
const TIMEOUT_MS = 300_000;
const skip = terraform ? (moto ? false : 'left out: there is no moto_server here') : `left out: ${found}`;
const SLOW_HOOK = { timeout: TIMEOUT_MS };
const SLOW = { skip, timeout: TIMEOUT_MS };

let it: Synthesis | undefined;
let leftOut: readonly string[] = [];
let applied: Applied;
let service: RunningService | undefined;

interface Applied {
  readonly resources: number;
  readonly bucket: string;
  readonly tenantTable: string;
  readonly ledgerTable: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly distributorRoleArn: string;
  /** Properties of the table that Athena queries. */
  readonly tableParameters: Readonly<Record<string, string>>;
  /** Of the service's container. */
  readonly environment: Readonly<Record<string, string>>;
}

before(async () => {
  if (!terraform || !moto) return;
  it = await synthesis('staging', WRITERS, { providerVersion: terraform.providerVersion, emulated: true });
  leftOut = await it.leaveOut(Object.keys(MOTO_CANNOT));
  await terraform.init(it.folder);
  const apply = ['apply', '-auto-approve', '-input=false', '-no-color', '-parallelism=20'];
  await terraform.run(it.folder, apply, moto.environment);
  applied = await readState(terraform, it.folder, moto);
}, SLOW_HOOK);
after(async () => {
  await service?.stop();
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
    distributorRoleArn: output('distributor_role_arn'),
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
  assert.ok(moto);
  const place = {
    endpoint: moto.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
  const dynamo = new DynamoDBClient(place);
  await dynamo.send(new PutItemCommand({ TableName: applied.tenantTable, Item: marshall(TENANT_ITEM) }));

  const startMs = Date.now() - 60_000;
  const options = { seed: 'infra', tenantId: TENANT, clusterId: 'c-1', environment: 'prod' };
  const records = takeRecords(createRecordSource(options), 200_000, startMs, startMs + 30_000);
  const s3 = new S3Client({ ...place, forcePathStyle: true });
  for (const format of ['parquet', 'ndjson+gzip'] as const) {
    const half = format === 'parquet' ? records.slice(0, records.length / 2) : records.slice(records.length / 2);
    const key = objectKey({ ...options, format, timeMs: startMs });
    await s3.send(new PutObjectCommand({ Bucket: applied.bucket, Key: key, Body: await encodeRecords(half, format) }));
  }
  // What a foreign record does to an object of this tenant: it is kept aside, under the prefix that is not announced.
  const stranger: LogRecord = { ...records[0], customer_tenant: 'umbrella' } as LogRecord;
  const strangerKey = objectKey({ ...options, seed: 'stranger', format: 'ndjson', timeMs: startMs });
  await s3.send(
    new PutObjectCommand({ Bucket: applied.bucket, Key: strangerKey, Body: await encodeRecords([stranger], 'ndjson') }),
  );

  service = startService({
    ...applied.environment,
    ...moto.environment,
    S3_FORCE_PATH_STYLE: 'true',
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
  });
  const tenant = new CloudWatchLogsClient({ ...place, credentials: await credentialsOf(moto.url, TENANT_ACCOUNT) });
  const wanted = records.map(({ timestamp, message }) => `${timestamp} ${message}`).sort();
  const delivered = await until(async () => {
    const events = await readEvents(tenant);
    return events.length >= wanted.length ? events : undefined;
  });
  assert.deepEqual(delivered.sort(), wanted);

  const quarantined = await until(async () => {
    const { Contents = [] } = await s3.send(
      new ListObjectsV2Command({ Bucket: applied.bucket, Prefix: applied.environment.QUARANTINE_PREFIX }),
    );
    return Contents[0]?.Key;
  });
  assert.match(quarantined, /^quarantine\/tenant_id=acme\/reason=foreign_tenant\//);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: applied.bucket, Key: quarantined }));
  assert.ok(((await Body?.transformToByteArray())?.length ?? 0) > 0);
});

test('then the queue is empty, nothing is dead, and the ledger says done', SLOW, async () => {
  assert.ok(moto);
  const place = {
    endpoint: moto.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };
  const sqs = new SQSClient(place);
  const waiting = async (QueueUrl: string) => {
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    return Number(Attributes?.ApproximateNumberOfMessages) + Number(Attributes?.ApproximateNumberOfMessagesNotVisible);
  };
  await until(async () => ((await waiting(applied.queueUrl)) === 0 ? true : undefined));
  assert.equal(await waiting(applied.deadLetterQueueUrl), 0);

  const dynamo = new DynamoDBClient(place);
  const objects = await new S3Client({ ...place, forcePathStyle: true }).send(
    new ListObjectsV2Command({ Bucket: applied.bucket, Prefix: 'logs/' }),
  );
  assert.equal(objects.Contents?.length, 3);
  for (const { Key } of objects.Contents ?? []) {
    const { output } = service ?? { output: '' };
    const object = new RegExp(`"object":"(s3://[^"]*${RegExp.escape(Key ?? '')}#[^"]*)"`).exec(output)?.[1];
    assert.ok(object, `no summary of ${Key}`);
    const { Items = [] } = await dynamo.send(
      new QueryCommand({
        TableName: applied.ledgerTable,
        KeyConditionExpression: '#object = :object',
        ExpressionAttributeNames: { '#object': 'object' },
        ExpressionAttributeValues: { ':object': { S: object } },
      }),
    );
    assert.deepEqual(
      Items.map((item) => [item.delivery?.S, item.state?.S]),
      [['acme/cloudwatch', 'done']],
    );
  }
});

test('SIGTERM drains it', SLOW, async () => {
  assert.equal(await service?.stop(), 0, service?.output.slice(-2_000) ?? '');
});

/** All events of all groups of the tenant, as `timestamp message`. */
async function readEvents(logs: CloudWatchLogsClient): Promise<string[]> {
  const events: string[] = [];
  for (const application of ['gateway', 'checkout', 'payments', 'scheduler', 'search', 'storefront', 'audit']) {
    const logGroupName = `/tenant-logs/${TENANT}/${application}`;
    const { logStreams = [] } = await logs
      .send(new DescribeLogStreamsCommand({ logGroupName }))
      .catch(() => ({ logStreams: [] }));
    for (const { logStreamName } of logStreams) {
      for (let nextToken: string | undefined; ; ) {
        const page = await logs.send(
          new GetLogEventsCommand({
            logGroupName,
            logStreamName,
            startFromHead: true,
            ...(nextToken ? { nextToken } : {}),
          }),
        );
        for (const { timestamp, message } of page.events ?? []) events.push(`${timestamp} ${message}`);
        if (page.nextForwardToken === undefined || page.nextForwardToken === nextToken) break;
        nextToken = page.nextForwardToken;
      }
    }
  }
  return events;
}

/** Asks again and again until there is an answer; the service's output tells why when there is none. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline || service?.exitCode !== null) {
      throw new Error(`it did not happen; the service said:\n${service?.output.slice(-3_000)}`);
    }
    await delay(250);
  }
}
