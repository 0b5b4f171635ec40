import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { encodeRecords, objectKey, takeRecords } from '../../../local/workload/object.ts';
import type { LogRecord } from '../../../local/workload/record.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { credentialsOf } from './accounts.ts';
import type { Moto } from './moto.ts';
import { type RunningService, startService } from './service.ts';

/** What was made of the pipeline in moto. */
export interface AppliedPipeline {
  readonly bucket: string;
  readonly tenantTable: string;
  readonly ledgerTable: string;
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  /** Of the service's container, as its task definition has it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The service on a pipeline that somebody has made, whichever way. */
export interface PipelineRun {
  /** Puts objects, starts the service, and compares every event in the tenant's account. */
  deliver(): Promise<void>;
  /** Compares the queues and the ledger after that. */
  settle(): Promise<void>;
  /** @returns the exit status and what the service said last */
  stop(): Promise<{ readonly exitCode: number | null | undefined; readonly output: string }>;
}

const TENANT_ACCOUNT = '222222222222';
const TENANT = 'acme';
const DEADLINE_MS = 60_000;
const TENANT_ITEM = {
  tenant_id: TENANT,
  type: 'cloudwatch',
  log_distribution_role_arn: `arn:aws:iam::${TENANT_ACCOUNT}:role/LogDistribution-${TENANT}`,
  external_id: 'between-acme-and-the-platform',
  log_group_name: `/tenant-logs/${TENANT}/{application}`,
};

export function createPipelineRun(moto: Moto, applied: AppliedPipeline): PipelineRun {
  let service: RunningService | undefined;
  const place = {
    endpoint: moto.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
  };

  async function deliver(): Promise<void> {
    const dynamo = new DynamoDBClient(place);
    await dynamo.send(new PutItemCommand({ TableName: applied.tenantTable, Item: marshall(TENANT_ITEM) }));

    const startMs = Date.now() - 60_000;
    const options = { seed: 'infra', tenantId: TENANT, clusterId: 'c-1', environment: 'prod' };
    const records = takeRecords(createRecordSource(options), 200_000, startMs, startMs + 30_000);
    const s3 = new S3Client({ ...place, forcePathStyle: true });
    for (const format of ['parquet', 'ndjson+gzip'] as const) {
      const half = format === 'parquet' ? records.slice(0, records.length / 2) : records.slice(records.length / 2);
      const key = objectKey({ ...options, format, timeMs: startMs });
      await s3.send(
        new PutObjectCommand({ Bucket: applied.bucket, Key: key, Body: await encodeRecords(half, format) }),
      );
    }
    // What a foreign record does to an object of this tenant: it is kept aside, under the prefix that is not announced.
    const stranger: LogRecord = { ...records[0], customer_tenant: 'umbrella' } as LogRecord;
    const strangerKey = objectKey({ ...options, seed: 'stranger', format: 'ndjson', timeMs: startMs });
    await s3.send(
      new PutObjectCommand({
        Bucket: applied.bucket,
        Key: strangerKey,
        Body: await encodeRecords([stranger], 'ndjson'),
      }),
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
  }

  async function settle(): Promise<void> {
    const sqs = new SQSClient(place);
    const waiting = async (QueueUrl: string) => {
      const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
      return (
        Number(Attributes?.ApproximateNumberOfMessages) + Number(Attributes?.ApproximateNumberOfMessagesNotVisible)
      );
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

  return {
    deliver,
    settle,
    async stop() {
      const exitCode = await service?.stop();
      return { exitCode, output: service?.output.slice(-2_000) ?? '' };
    },
  };
}

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
