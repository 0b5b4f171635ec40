import { z } from 'zod';
import type { RecordField } from './chunk.ts';
import { levelRank } from './levels.ts';
import { RETENTION_DAYS } from './limits.ts';
import { compileNameTemplate, type NameTemplate } from './template.ts';

/**
 * A delivery: one destination of one tenant, as its item in the tenant table describes it.
 * The item's attributes are the public contract; this file is their only reader and their only rulebook.
 */
export interface Delivery {
  readonly tenantId: string;
  /** `cloudwatch`, or `cloudwatch#name` for a further one. */
  readonly type: string;
  readonly enabled: boolean;
  readonly roleArn: string;
  readonly externalId: string | undefined;
  readonly region: string;
  readonly logGroup: NameTemplate;
  readonly logStream: NameTemplate;
  /** Days, applied when the service creates the group; undefined: the group keeps for ever. */
  readonly retentionDays: number | undefined;
  /** Only records of these applications; null: all. */
  readonly applications: ReadonlySet<string> | null;
  /** Only records of this severity or more, and those whose level nobody knows; null: all. */
  readonly minLevel: number | null;
  readonly messageFormat: 'message' | 'record';
  readonly bytesPerSecondMax: number | undefined;
}

/** What parsing an item needs to know besides the item. */
export interface DeliveryDefaults {
  readonly region: string;
  /** Named groups of applications that `groups` may refer to by name. */
  readonly applicationGroups: Readonly<Record<string, readonly string[]>>;
}

/** Thrown by `parseDelivery` with every problem of the item, each `attribute: rule (got value)`. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;
const DEFAULT_STREAM = '{cluster_id}-{environment}-{date}';

// Tables of earlier systems hold numbers and booleans as text here and there.
const number = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], 'must be a number');
const boolean = z.union(
  [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
  'must be true or false',
);
/** A list or a string set. */
const texts = z.union(
  [z.array(z.string()), z.set(z.string()).transform((set) => [...set])],
  'must be a list or a set of strings',
);

const ITEM = z.object({
  tenant_id: z.string('is required').min(1, 'must not be empty').max(256, 'must have at most 256 characters'),
  type: z.string('is required').regex(/^cloudwatch(#[\w.-]{1,64})?$/, 'must be cloudwatch or cloudwatch#name'),
  enabled: boolean.default(true),
  log_distribution_role_arn: z.string('is required').regex(ROLE_ARN, 'must be the ARN of an IAM role'),
  account_id: z
    .union(
      [z.string(), z.number().transform((n) => String(n).padStart(12, '0'))],
      'must be a text or a number of 12 digits',
    )
    .optional(),
  // 2 to 1224 characters (STS API reference, AssumeRole).
  external_id: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, 'must have 2 to 1224 characters of a-zA-Z0-9_+=,.@:/-')
    .optional(),
  target_region: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z]+)+-\d$/, 'must be an AWS region')
    .optional(),
  log_group_name: z.string('is required'),
  log_stream_name: z.string().optional(),
  retention_days: number
    .refine((days) => RETENTION_DAYS.includes(days), `must be one of ${RETENTION_DAYS.join(', ')}`)
    .optional(),
  desired_logs: texts.optional(),
  groups: z
    .union([texts, z.record(z.string(), texts)], 'must be a list or a set of strings, or a map of names to such')
    .optional(),
  min_log_level: z
    .string()
    .refine((name) => levelRank(name) !== null, 'must be a log level such as info')
    .optional(),
  message_format: z.enum(['message', 'record'], 'must be message or record').default('message'),
  max_bytes_per_second: number.refine((n) => n >= 1024, 'must be at least 1024').optional(),
});
/** What an item may say to this service; other attributes are another system's, or typing errors. */
export const ATTRIBUTE_NAMES: readonly string[] = Object.keys(ITEM.shape);

/** The same with nothing required: for what is left of an item once its wrong attributes are out. */
const PARTS = ITEM.partial();
type Parts = z.output<typeof PARTS>;

/**
 * Reads one item of the tenant table. Unknown attributes are ignored; null is as good as absent.
 * @throws DeliveryError
 */
export function parseDelivery(item: Readonly<Record<string, unknown>>, defaults: DeliveryDefaults): Delivery {
  const given = Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null && value !== ''));
  const parsed = ITEM.safeParse(given);
  const issues = parsed.error?.issues ?? [];
  const problems = issues.map((issue) => problem(String(issue.path[0]), issue.message, given));
  const wrong = new Set(issues.map((issue) => issue.path[0]));
  // What is right by itself is checked further all the same: one report names every problem.
  const parts = PARTS.parse(Object.fromEntries(Object.entries(given).filter(([name]) => !wrong.has(name))));
  const attempt = <T>(attribute: keyof Parts, build: () => T): T | undefined => {
    if (wrong.has(attribute)) return undefined;
    try {
      return build();
    } catch (error) {
      problems.push(problem(attribute, error instanceof Error ? error.message : String(error), given));
      return undefined;
    }
  };
  const template = (kind: 'group' | 'stream', source = '') =>
    compileNameTemplate(source, kind, parts.tenant_id ?? 'tenant');
  attempt('account_id', () => checkAccount(parts));
  const applications = attempt('groups', () => applicationsOf(parts, defaults)) ?? null;
  const logGroup = attempt('log_group_name', () => template('group', parts.log_group_name));
  const logStream = attempt('log_stream_name', () => template('stream', parts.log_stream_name ?? DEFAULT_STREAM));
  if (!parsed.success || !logGroup || !logStream || problems.length > 0) throw new DeliveryError(problems);
  const it = parsed.data;
  return {
    tenantId: it.tenant_id,
    type: it.type,
    enabled: it.enabled,
    roleArn: it.log_distribution_role_arn,
    externalId: it.external_id,
    region: it.target_region ?? defaults.region,
    logGroup,
    logStream,
    retentionDays: it.retention_days,
    applications,
    minLevel: it.min_log_level === undefined ? null : levelRank(it.min_log_level),
    messageFormat: it.message_format,
    bytesPerSecondMax: it.max_bytes_per_second,
  };
}

function problem(attribute: string, rule: string, given: Readonly<Record<string, unknown>>): string {
  const value = given[attribute];
  return value === undefined
    ? `${attribute}: ${rule} (not set)`
    : `${attribute}: ${rule} (got ${JSON.stringify(value, (_, part) => (part instanceof Set ? [...part] : part))})`;
}

function checkAccount(it: Parts): void {
  const account = ROLE_ARN.exec(it.log_distribution_role_arn ?? '')?.[1];
  if (it.account_id !== undefined && account !== undefined && it.account_id !== account) {
    throw new Error(`must be the account of log_distribution_role_arn, ${account}`);
  }
}

/** `desired_logs` and `groups` together; neither, or both empty, is everything. */
function applicationsOf(it: Parts, defaults: DeliveryDefaults): ReadonlySet<string> | null {
  const wanted = new Set(it.desired_logs ?? []);
  const groups = it.groups ?? [];
  const members = Array.isArray(groups)
    ? groups.map((name) => {
        const known = Object.hasOwn(defaults.applicationGroups, name);
        if (!known)
          throw new Error(`names the group ${JSON.stringify(name)}, which APPLICATION_GROUPS does not define`);
        return defaults.applicationGroups[name] ?? [];
      })
    : Object.values(groups);
  for (const application of members.flat()) wanted.add(application);
  return wanted.size > 0 ? wanted : null;
}

/** The record fields that must be decoded to filter and to route for this delivery. */
export function fieldsOf(delivery: Delivery): RecordField[] {
  const fields = new Set<RecordField>(['customer_tenant']);
  if (delivery.applications) fields.add('application');
  if (delivery.minLevel !== null) fields.add('log_level');
  for (const variable of [...delivery.logGroup.variables, ...delivery.logStream.variables]) {
    if (variable !== 'date') fields.add(variable);
  }
  return [...fields];
}

/** What batch boundaries depend on besides the records: when it changes, a half-delivered chunk starts anew. */
export function layoutOf(delivery: Delivery): string {
  return JSON.stringify([
    delivery.logGroup.source,
    delivery.logStream.source,
    delivery.applications ? [...delivery.applications].sort() : null,
    delivery.minLevel,
    delivery.messageFormat,
  ]);
}
