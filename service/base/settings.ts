import { availableParallelism } from 'node:os';
import * as z from 'zod';
import { KMS_KEY_ARN } from './kms-key.ts';

/**
 * The service's settings, all of them, from the environment. Nothing else reads the environment: entry points pass
 * `process.env` to `readSettings` once.
 */

const MEGABYTE = 1024 * 1024;
const OBJECT_KEY_TEMPLATE = 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/';
const QUARANTINE_PREFIX = 'quarantine/';
const CANARY_INTERVAL_SECONDS_MIN = 5;
const RECONCILE_INTERVAL_SECONDS_MIN = 5;
/** The longest that LEASE_SECONDS may be. */
export const LEASE_SECONDS_MAX = 3_600;

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be a whole number from ${least} to ${most}`);

const httpUrl = z.string().refine(
  (text) => {
    const url = URL.parse(text);
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  },
  { error: 'must be an http or https URL', abort: true },
);

const queueUrl = httpUrl.refine(
  (text) => (URL.parse(text)?.pathname.length ?? 0) > 1,
  'must name a queue after the host',
);

const flag = z
  .enum(['true', 'false', '1', '0', ''], 'must be true or false')
  .transform((text) => text === 'true' || text === '1');

const tableName = z
  .string()
  .regex(/^[a-zA-Z0-9_.-]{3,255}$/, 'must be a DynamoDB table name (3 to 255 of a-zA-Z0-9_.-)');

function parseApplicationGroups(text: string, context: z.RefinementCtx): Record<string, string[]> {
  const rule = 'must be a JSON object of names to lists of applications';
  try {
    const parsed = z.record(z.string(), z.array(z.string())).safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Falls through to the one sentence for both troubles.
  }
  context.addIssue({ code: 'custom', message: rule });
  return z.NEVER;
}

const SCHEMA = {
  SQS_QUEUE_URL: queueUrl,
  DLQ_URL: queueUrl,
  TENANT_CONFIG_TABLE: tableName.default('tenant-configurations'),
  LEDGER_TABLE: tableName.default('delivery-ledger'),
  AWS_REGION: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d$/, 'must be an AWS region such as us-east-1')
    .default('us-east-1'),
  AWS_ENDPOINT_URL: httpUrl.optional(),
  S3_FORCE_PATH_STYLE: flag.default(false),
  HTTP_PORT: wholeNumber(0, 65_535).default(8080),
  /** The address to listen on; a container's port is reached from outside. */
  HTTP_HOST: z.string().default('0.0.0.0'),
  /** Names under which people and Prometheus reach the endpoint; addresses and private names need not be among them. */
  HTTP_HOST_NAMES: z
    .string()
    .regex(/^[a-z0-9.-]+(,[a-z0-9.-]+)*$/i, 'must be host names with a comma between them')
    .transform((text) => text.toLowerCase().split(','))
    .default([]),
  WORKER_THREADS: wholeNumber(1, 64).default(availableParallelism()),
  /** What all objects in flight together may take, by estimate; the process needs about 150 MB beside it. */
  MEMORY_BUDGET_MB: wholeNumber(64, 65_536).default(256),
  OBJECT_KEY_TEMPLATE: z
    .string()
    .refine((text) => text.includes('{tenant_id}'), { error: 'must contain {tenant_id}', abort: true })
    .refine((text) => !/(\{\w+\}).*\1/.test(text), 'must not name a placeholder twice')
    .default(OBJECT_KEY_TEMPLATE),
  QUARANTINE_PREFIX: z
    .string()
    .regex(/^[^/].*\/$/, 'must be a key prefix that ends with / and does not start with one')
    .default(QUARANTINE_PREFIX),
  DISTRIBUTOR_ROLE_ARN: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'must be the ARN of an IAM role')
    .optional(),
  /** Fargate kills a task at most 120 s after SIGTERM; the default leaves a tenth of that for the runtime. */
  SHUTDOWN_GRACE_SECONDS: wholeNumber(1, 3_600).default(110),
  /** How long a message stays invisible to others between two heartbeats. */
  VISIBILITY_TIMEOUT_SECONDS: wholeNumber(10, 43_200).default(120),
  /** Largest event, its 26 bytes of overhead included. 1 MB since April 2025; China's regions still take 262144. */
  EVENT_BYTES_MAX: wholeNumber(1_024, 1_048_576).default(1_000_000),
  /** How long a delivery is another process's after that process was last heard of. */
  LEASE_SECONDS: wholeNumber(5, LEASE_SECONDS_MAX).default(60),
  /** How long CloudWatch Logs may take to show what it has accepted: before then, nothing counts as missing (`exactly_once`). */
  SETTLE_SECONDS: wholeNumber(0, 300).default(10),
  /** How long AWS may be silent before a call is given up; where that is too long for a drain, less. */
  REQUEST_TIMEOUT_SECONDS: wholeNumber(1, 300).default(30),
  /** Named groups of applications for the tenants' `groups`, as JSON: {"api":["kube-apiserver"]}. */
  APPLICATION_GROUPS: z.string().transform(parseApplicationGroups).default({}),
  /** Set by ECS: where the task's own agent answers. */
  ECS_AGENT_URI: httpUrl.optional(),
  /** How long a delivery that was refused is left alone before one object tries again; five times that at most. */
  PROBE_SECONDS: wholeNumber(1, 3_600).default(120),
  /** How long a refused message waits for a customer to fix a role or a group before it becomes a dead letter. */
  PARK_HOURS: wholeNumber(1, 336).default(24),
  /** How often a canary travels to each tenant; 0: never. The alert looks at half an hour, two intervals at the most. */
  /** How often tenants with `progress_events` are told how far they are; 0: never. */
  PROGRESS_INTERVAL_SECONDS: wholeNumber(0, 3_600).default(60),
  CANARY_INTERVAL_SECONDS: wholeNumber(0, 900)
    .refine((n) => n === 0 || n >= CANARY_INTERVAL_SECONDS_MIN, `must be 0 or at least ${CANARY_INTERVAL_SECONDS_MIN}`)
    .default(0),
  /** Where canaries are written: the central bucket. */
  CANARY_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  /** What signs receipts: the ARN of a KMS key, or the path of a file with a private key in PEM. Without it there are none. */
  RECEIPT_KEY: z
    .string()
    .refine((text) => !text.startsWith('arn:') || KMS_KEY_ARN.test(text), 'must be the ARN of a KMS key, or a path')
    .optional(),
  /** How often each delivery with receipts gets one. */
  RECEIPT_INTERVAL_SECONDS: wholeNumber(5, 86_400).default(3_600),
  /** How often one process compares the bucket with the ledger; 0: never. */
  RECONCILE_INTERVAL_SECONDS: wholeNumber(0, 86_400)
    .refine(
      (n) => n === 0 || n >= RECONCILE_INTERVAL_SECONDS_MIN,
      `must be 0 or at least ${RECONCILE_INTERVAL_SECONDS_MIN}`,
    )
    .default(0),
  /** The central bucket. */
  RECONCILE_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  /** What S3 may take to announce an object before it is called lost. */
  RECONCILE_GRACE_SECONDS: wholeNumber(1, 86_400).default(900),
  /** How long after a partition's hour objects are written into it. Firehose tries for 24 hours, and buffers before that. */
  RECONCILE_LATE_HOURS: wholeNumber(0, 336).default(26),
  /** Lost objects that are announced in a second, at most; only while few messages wait. */
  RECONCILE_RATE: wholeNumber(1, 1_000).default(20),
  /** Where operators read docs/guide/operations.md; the status page links to its sections. */
  RUNBOOK_URL: httpUrl.optional(),
  /** How bodies of PutLogEvents are sent. gzip takes some 3 CPU seconds for a GB, and a quarter of the bytes. */
  PUT_COMPRESSION: z.enum(['gzip', 'none'], 'must be gzip or none').default('gzip'),
  /** Whether the usage of each day is summed up. */
  USAGE: flag.default(true),
  /** Decodes and puts by plain means: to rule out the kernel, and our own PutLogEvents, in an incident. */
  PLAIN_DECODER: flag.default(false),
  /** For tests: the kernel's memory is written over where it is lent, and where it is released. */
  KERNEL_POISON: flag.default(false),
  LOG_LEVEL: z
    .enum(
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'must be trace, debug, info, warn, error, fatal or silent',
    )
    .default('info'),
};

const schema = z.object(SCHEMA);
type Environment = z.output<typeof schema>;

export const SETTING_NAMES = Object.keys(SCHEMA) as readonly (keyof typeof SCHEMA)[];

/** Settings in the units and names that the code uses. Plain data: it crosses to worker threads as it is. */
export interface Settings {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
  readonly tenantTable: string;
  readonly ledgerTable: string;
  readonly region: string;
  /** undefined: AWS itself. The SDK clients get it explicitly, so that a worker thread needs no environment. */
  readonly endpointUrl: string | undefined;
  readonly s3ForcePathStyle: boolean;
  readonly httpPort: number;
  readonly httpHost: string;
  /** Lower-case. */
  readonly httpHostNames: readonly string[];
  readonly workerThreads: number;
  readonly memoryBudgetBytes: number;
  readonly objectKeyTemplate: string;
  readonly quarantinePrefix: string;
  readonly distributorRoleArn: string | undefined;
  readonly shutdownGraceMs: number;
  readonly visibilityTimeoutSeconds: number;
  readonly leaseMs: number;
  readonly settleMs: number;
  readonly requestTimeoutMs: number;
  readonly applicationGroups: Readonly<Record<string, readonly string[]>>;
  /** undefined: not on ECS. */
  readonly ecsAgentUri: string | undefined;
  readonly eventBytesMax: number;
  readonly probeMs: number;
  readonly parkMs: number;
  /** 0: off. */
  readonly progressIntervalMs: number;
  readonly canaryIntervalMs: number;
  readonly canaryBucket: string | undefined;
  /** The ARN of a KMS key, or the path of a file; undefined: no receipts. */
  readonly receiptKey: string | undefined;
  readonly receiptIntervalMs: number;
  /** 0: off. */
  readonly reconcileIntervalMs: number;
  readonly reconcileBucket: string | undefined;
  readonly reconcileGraceMs: number;
  readonly reconcileLateMs: number;
  readonly reconcilePerSecond: number;
  readonly runbookUrl: string | undefined;
  readonly putCompression: Environment['PUT_COMPRESSION'];
  readonly usage: boolean;
  readonly plainDecoder: boolean;
  readonly kernelPoison: boolean;
  readonly logLevel: Environment['LOG_LEVEL'];
}

/** Thrown by `readSettings`: every problem at once, one a line, each `NAME: rule (got value)`. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * Reads the settings. An empty variable counts as absent, as most orchestrators cannot unset one.
 * @throws SettingsError with all problems.
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given: Record<string, string> = {};
  for (const name of SETTING_NAMES) {
    const value = environment[name]?.trim();
    if (value) given[name] = value;
  }
  const parsed = schema.safeParse(given);
  const issues = parsed.error?.issues ?? [];
  const problems = [...issues.map((issue) => describe(issue, given)), ...contradictions(given, issues)];
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);
  return toSettings(parsed.data);
}

/** The settings of a command line, which mostly needs no queue. */
export type ToolSettings = Omit<Settings, 'queueUrl' | 'deadLetterQueueUrl'> & {
  readonly queueUrl: string | undefined;
  readonly deadLetterQueueUrl: string | undefined;
};

/**
 * The same for the command line.
 * @throws SettingsError
 */
export function readToolSettings(environment: Readonly<Record<string, string | undefined>>): ToolSettings {
  // A queue that nobody reads or writes, where a command needs none; RFC 2606 keeps the name for that.
  const nobodys = { SQS_QUEUE_URL: 'https://queue.invalid/queue', DLQ_URL: 'https://queue.invalid/dead-letters' };
  const has = (name: keyof typeof nobodys) => Boolean(environment[name]?.trim());
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const settings = readSettings({ ...nobodys, ...given });
  return {
    ...settings,
    queueUrl: has('SQS_QUEUE_URL') ? settings.queueUrl : undefined,
    deadLetterQueueUrl: has('DLQ_URL') ? settings.deadLetterQueueUrl : undefined,
  };
}

/** A setting with its effective value, and where it came from. */
export interface SettingOrigin {
  readonly name: string;
  /** As it would stand in the environment; undefined where there is none. */
  readonly value: string | undefined;
  readonly from: 'environment' | 'default' | 'not set';
}

/** Every setting, in the order of the page that describes them. Says nothing of whether they are right. */
export function settingOrigins(environment: Readonly<Record<string, string | undefined>>): SettingOrigin[] {
  return SETTING_NAMES.map((name) => {
    const given = environment[name]?.trim();
    if (given) return { name, value: given, from: 'environment' };
    const { data } = SCHEMA[name].safeParse(undefined);
    if (data === undefined) return { name, value: undefined, from: 'not set' };
    return { name, value: typeof data === 'object' ? JSON.stringify(data) : String(data), from: 'default' };
  });
}

function describe(issue: z.core.$ZodIssue, given: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0]);
  const value = given[name];
  return value === undefined
    ? `${name}: is required (not set)`
    : `${name}: ${issue.message} (got ${JSON.stringify(value)})`;
}

/** Settings that are right by themselves and wrong together. What is wrong by itself is left out: one problem each. */
function contradictions(
  given: Readonly<Partial<Record<string, string>>>,
  issues: readonly z.core.$ZodIssue[],
): string[] {
  const wrong = new Set(issues.map((issue) => issue.path[0]));
  const problems: string[] = [];
  const queue = given.SQS_QUEUE_URL;
  if (queue !== undefined && queue === given.DLQ_URL && !wrong.has('DLQ_URL')) {
    problems.push(`DLQ_URL: must be another queue than SQS_QUEUE_URL (got ${JSON.stringify(queue)})`);
  }
  const template = given.OBJECT_KEY_TEMPLATE ?? OBJECT_KEY_TEMPLATE;
  const prefix = given.QUARANTINE_PREFIX ?? QUARANTINE_PREFIX;
  if (template.startsWith(prefix) && !wrong.has('QUARANTINE_PREFIX')) {
    // Or the service would be notified of, and deliver, what it has quarantined.
    problems.push(`QUARANTINE_PREFIX: must not be a prefix of OBJECT_KEY_TEMPLATE (got ${JSON.stringify(prefix)})`);
  }
  const canaries = Number(given.CANARY_INTERVAL_SECONDS ?? 0) > 0 && !wrong.has('CANARY_INTERVAL_SECONDS');
  if (canaries && given.CANARY_BUCKET === undefined) {
    problems.push('CANARY_BUCKET: is required where CANARY_INTERVAL_SECONDS is not 0 (not set)');
  }
  const reconciles = Number(given.RECONCILE_INTERVAL_SECONDS ?? 0) > 0 && !wrong.has('RECONCILE_INTERVAL_SECONDS');
  if (reconciles && given.RECONCILE_BUCKET === undefined) {
    problems.push('RECONCILE_BUCKET: is required where RECONCILE_INTERVAL_SECONDS is not 0 (not set)');
  }
  return problems;
}

function toSettings(e: Environment): Settings {
  return {
    queueUrl: e.SQS_QUEUE_URL,
    deadLetterQueueUrl: e.DLQ_URL,
    tenantTable: e.TENANT_CONFIG_TABLE,
    ledgerTable: e.LEDGER_TABLE,
    region: e.AWS_REGION,
    endpointUrl: e.AWS_ENDPOINT_URL,
    s3ForcePathStyle: e.S3_FORCE_PATH_STYLE,
    httpPort: e.HTTP_PORT,
    httpHost: e.HTTP_HOST,
    httpHostNames: e.HTTP_HOST_NAMES,
    workerThreads: e.WORKER_THREADS,
    memoryBudgetBytes: e.MEMORY_BUDGET_MB * MEGABYTE,
    objectKeyTemplate: e.OBJECT_KEY_TEMPLATE,
    quarantinePrefix: e.QUARANTINE_PREFIX,
    distributorRoleArn: e.DISTRIBUTOR_ROLE_ARN,
    shutdownGraceMs: e.SHUTDOWN_GRACE_SECONDS * 1000,
    visibilityTimeoutSeconds: e.VISIBILITY_TIMEOUT_SECONDS,
    leaseMs: e.LEASE_SECONDS * 1000,
    settleMs: e.SETTLE_SECONDS * 1000,
    requestTimeoutMs: e.REQUEST_TIMEOUT_SECONDS * 1000,
    applicationGroups: e.APPLICATION_GROUPS,
    ecsAgentUri: e.ECS_AGENT_URI,
    eventBytesMax: e.EVENT_BYTES_MAX,
    probeMs: e.PROBE_SECONDS * 1000,
    parkMs: e.PARK_HOURS * 3_600_000,
    progressIntervalMs: e.PROGRESS_INTERVAL_SECONDS * 1000,
    canaryIntervalMs: e.CANARY_INTERVAL_SECONDS * 1000,
    canaryBucket: e.CANARY_BUCKET,
    receiptKey: e.RECEIPT_KEY,
    receiptIntervalMs: e.RECEIPT_INTERVAL_SECONDS * 1000,
    reconcileIntervalMs: e.RECONCILE_INTERVAL_SECONDS * 1000,
    reconcileBucket: e.RECONCILE_BUCKET,
    reconcileGraceMs: e.RECONCILE_GRACE_SECONDS * 1000,
    reconcileLateMs: e.RECONCILE_LATE_HOURS * 3_600_000,
    reconcilePerSecond: e.RECONCILE_RATE,
    runbookUrl: e.RUNBOOK_URL,
    putCompression: e.PUT_COMPRESSION,
    usage: e.USAGE,
    plainDecoder: e.PLAIN_DECODER,
    kernelPoison: e.KERNEL_POISON,
    logLevel: e.LOG_LEVEL,
  };
}
