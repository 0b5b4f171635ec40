import { randomBytes, randomInt } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Cloud, type CloudOptions, startCloud } from 'embedded-aws';
import { fetchSamples, sumOf } from '../../local/demo/metrics.ts';
import { createProvisionDeps, type ProvisionDeps } from '../../local/provision/deps.ts';
import { endpointEnvironment, serviceEnvironment } from '../../local/provision/environment.ts';
import { PIPELINE_NAMES, type Pipeline, provisionPipeline } from '../../local/provision/pipeline.ts';
import { type DeliveredEvent, readLogs } from '../../local/provision/read-logs.ts';
import { provisionTenant, type TenantSpec } from '../../local/provision/tenant.ts';
import { type ServiceProcess, startService } from '../../local/service-process.ts';
import { kernelEnvironment } from '../support/kernel.ts';
import { buildTenant } from '../support/tenant.ts';
import { until } from '../support/until.ts';

/** A pipeline of a test file's own on whatever endpoint the environment names, with the service at work on it. */
export interface TestPipeline extends AsyncDisposable {
  /** The embedded AWS, when that is the endpoint: it enforces what others do not, and counts calls. */
  readonly cloud: Cloud | undefined;
  readonly deps: ProvisionDeps;
  readonly names: Pipeline;
  readonly service: ServiceProcess;
  /** A further one at the same queue; all are stopped with the pipeline. */
  startService(environment?: Readonly<Record<string, string>>): Promise<ServiceProcess>;
  addTenant(tenant: TenantSpec): Promise<void>;
  /** An item of the tenant table, as it is. */
  putItem(item: Readonly<Record<string, unknown>>): Promise<void>;
  put(key: string, body: Uint8Array | string): Promise<void>;
  /** A message straight into the queue. */
  send(body: string): Promise<void>;
  /** The service's `/status`. */
  status(): Promise<Status>;
  /** Sum of a metric of the service. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** Waits until so many deliveries ended in an outcome: `done` unless told otherwise. */
  untilObjects(count: number, outcome?: string): Promise<void>;
  /** Waits for the dead letter whose `object` attribute or body contains this text. */
  deadLetter(text: string): Promise<DeadLetter>;
  logs(tenant: TenantSpec): Promise<DeliveredEvent[]>;
  /** Lines of all quarantine files of a tenant. */
  quarantine(tenantId: string): Promise<Record<string, unknown>[]>;
  /** What the ledger says of objects. */
  ledger(): Promise<Record<string, unknown>[]>;
  /** Messages that are neither deleted nor in the dead-letter queue. */
  queued(): Promise<number>;
}

/** What tests look at of `/status`. */
export interface Status {
  readonly state: string;
  readonly messages_in_flight: number;
  readonly objects: Readonly<Record<string, number>>;
  readonly workers: readonly unknown[];
  readonly tenants: readonly {
    readonly tenant: string;
    readonly objects: number;
    readonly events: number;
    readonly lag_seconds: number | null;
    readonly delivered_up_to: string | null;
    readonly trouble: { readonly code: string } | null;
    readonly parked: { readonly messages: number; readonly first_dead_letter_at: string | null };
    readonly circuits: readonly {
      readonly delivery: string;
      readonly state: string;
      readonly code: string;
      readonly message: string;
    }[];
  }[];
  readonly places: readonly { readonly place: string; readonly tenants: number }[];
}

export interface DeadLetter {
  readonly body: string;
  readonly reason: string;
  readonly tenantId: string;
  readonly object: string;
  readonly detail: string;
}

const REGION = 'us-east-1';
/** Visible, in flight or parked, sent anew with a delay. */
const QUEUED = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;
/** Account ids have twelve digits. */
const ACCOUNT_MIN = 500_000_000_000;

/** A tenant of a test, in an account of its own that no other test of a shared endpoint uses. */
export function tenantOf(tenantId: string, delivery: Readonly<Record<string, unknown>> = {}): TenantSpec {
  return buildTenant(tenantId, String(ACCOUNT_MIN + randomInt(2 ** 32)), delivery);
}

export async function startPipeline(
  options: {
    readonly tenants?: readonly TenantSpec[];
    readonly service?: Readonly<Record<string, string>>;
    readonly rawDelivery?: boolean;
    readonly versioning?: boolean;
    /** Of the embedded AWS. */
    readonly cloud?: CloudOptions;
  } = {},
): Promise<TestPipeline> {
  const given = process.env.AWS_ENDPOINT_URL;
  const cloud = given
    ? undefined
    : await startCloud({ onProblem: (problem) => console.error(problem), ...options.cloud });
  const url = given ?? cloud?.url ?? '';
  const deps = createProvisionDeps({ endpointUrl: url, region: REGION });
  // Names of its own, so that test files can share an endpoint.
  const id = randomBytes(4).toString('hex');
  const names = await provisionPipeline(deps, {
    bucket: `logs-${id}`,
    topic: `objects-${id}`,
    queue: `distributor-${id}`,
    deadLetterQueue: `dead-${id}`,
    tenantTable: `tenants-${id}`,
    ledgerTable: `ledger-${id}`,
    logsPrefix: PIPELINE_NAMES.logsPrefix,
    rawDelivery: options.rawDelivery ?? false,
    versioning: options.versioning ?? false,
  });
  for (const tenant of options.tenants ?? []) await provisionTenant(deps, tenant, names);
  const environment = {
    ...endpointEnvironment(url, REGION),
    ...serviceEnvironment(names),
    ...kernelEnvironment(),
    LOG_LEVEL: 'debug',
    ...options.service,
  };
  const services: ServiceProcess[] = [];
  const start = async (more: Readonly<Record<string, string>> = {}) => {
    const started = await startService({ environment: { ...environment, ...more } });
    services.push(started);
    return started;
  };
  const service = await start();
  const deadLetters: DeadLetter[] = [];
  const pipeline: Omit<TestPipeline, 'deadLetter' | 'untilObjects'> = {
    cloud,
    deps,
    names,
    service,
    startService: start,
    addTenant: async (tenant) => {
      await provisionTenant(deps, tenant, names);
    },
    async putItem(item) {
      await deps.dynamo.send(new PutItemCommand({ TableName: names.tenantTable, Item: marshall(item) }));
    },
    async put(key, body) {
      await deps.s3.send(new PutObjectCommand({ Bucket: names.bucket, Key: key, Body: Buffer.from(body) }));
    },
    async send(body) {
      await deps.sqs.send(new SendMessageCommand({ QueueUrl: names.queueUrl, MessageBody: body }));
    },
    status: async () => (await (await fetch(`${service.url}/status`)).json()) as Status,
    metric: async (name, labels = {}) => sumOf(await fetchSamples(service.url), `log_distributor_${name}`, labels),
    logs: (tenant) => Array.fromAsync(readLogs(deps, tenant.accountId, tenant.logGroupPrefix)),
    quarantine: (tenantId) => readQuarantine(deps, names, tenantId),
    async ledger() {
      const { Items } = await deps.dynamo.send(new ScanCommand({ TableName: names.ledgerTable }));
      // Beside them lie the fleet's reports and leases.
      return (Items ?? []).map((item) => unmarshall(item)).filter(({ object }) => String(object).startsWith('s3://'));
    },
    async queued() {
      const { Attributes } = await deps.sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: names.queueUrl,
          AttributeNames: [...QUEUED],
        }),
      );
      return QUEUED.reduce((sum, name) => sum + Number(Attributes?.[name] ?? 0), 0);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((each) => each.stop()));
      deps.close();
      await cloud?.close();
    },
  };
  return {
    ...pipeline,
    async untilObjects(count, outcome = 'done') {
      await until(async () => {
        return (await pipeline.metric('objects_total', { outcome })) >= count;
      }, `${count} deliveries are ${outcome}`);
    },
    deadLetter: (text) =>
      until(async () => {
        deadLetters.push(...(await receiveDeadLetters(deps, names)));
        return deadLetters.find(({ body, object }) => object.includes(text) || body.includes(text));
      }, `there is a dead letter about ${text}`),
  };
}

async function receiveDeadLetters({ sqs }: ProvisionDeps, { deadLetterQueueUrl }: Pipeline): Promise<DeadLetter[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: deadLetterQueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
    }),
  );
  for (const { ReceiptHandle } of Messages ?? []) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: deadLetterQueueUrl, ReceiptHandle }));
  }
  return (Messages ?? []).map(({ Body = '', MessageAttributes = {} }) => {
    const attribute = (name: string) => MessageAttributes[name]?.StringValue ?? '';
    return {
      body: Body,
      reason: attribute('reason'),
      tenantId: attribute('tenant_id'),
      object: attribute('object'),
      detail: attribute('detail'),
    };
  });
}

async function readQuarantine({ s3 }: ProvisionDeps, { bucket }: Pipeline, tenantId: string) {
  const { Contents } = await s3.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: `quarantine/tenant_id=${tenantId}/` }),
  );
  const lines: Record<string, unknown>[] = [];
  for (const { Key } of Contents ?? []) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array(0)).toString();
    for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line));
  }
  return lines;
}
