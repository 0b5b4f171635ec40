import { z } from 'zod';
import type { RecordField } from './chunk.ts';
import { CLOUDWATCH, type CloudWatchTarget } from './destination/cloudwatch.ts';
import { S3, type S3Target } from './destination/s3.ts';
import type { TargetKind } from './destination/target.ts';
import { boolean, createItemReader, number, texts } from './item.ts';
import { levelRank } from './levels.ts';
import { SHAPES, type Shape } from './shape.ts';

/** Where a delivery goes: what its kind of destination adds to the attributes that all deliveries have. */
export type Target = CloudWatchTarget | S3Target;

/**
 * A delivery: one destination of one tenant, as its item in the tenant table describes it.
 * The item's attributes are the public contract; this file and `target/` are their only readers and their only rulebook.
 */
export interface Delivery {
  readonly tenantId: string;
  /** The kind of destination, or `kind#name` for a further one: `cloudwatch`, `s3#archive`. */
  readonly type: string;
  readonly enabled: boolean;
  readonly roleArn: string;
  /** The role's. */
  readonly accountId: string;
  readonly externalId: string | undefined;
  readonly region: string;
  readonly target: Target;
  /** Only records of these applications; null: all. */
  readonly applications: ReadonlySet<string> | null;
  /** Only records of this severity or more, and those whose level nobody knows; null: all. */
  readonly minLevel: number | null;
  readonly messageFormat: 'message' | 'record';
  /** The shape of the tenant's objects of text; undefined: each object's own content says it. */
  readonly inputFormat: Shape | undefined;
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
const KINDS: ReadonlyMap<string, TargetKind<Target>> = new Map(
  [CLOUDWATCH, S3].map((kind) => [kind.kind, kind] as const),
);
const KIND_NAMES = [...KINDS.keys()];
const TYPE = new RegExp(`^(${KIND_NAMES.join('|')})(#[\\w.-]{1,64})?$`);

/** Whether an item of this type is for this service: the table is shared with others. */
export function isKnownType(type: unknown): type is string {
  return typeof type === 'string' && KINDS.has(type.split('#', 1)[0] ?? '');
}

const COMMON = z.object({
  tenant_id: z.string('is required').min(1, 'must not be empty').max(256, 'must have at most 256 characters'),
  type: z.string('is required').regex(TYPE, `must be ${KIND_NAMES.join(' or ')}, alone or with #name`),
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
  desired_logs: texts.optional(),
  groups: z
    .union([texts, z.record(z.string(), texts)], 'must be a list or a set of strings, or a map of names to such')
    .optional(),
  min_log_level: z
    .string()
    .refine((name) => levelRank(name) !== null, 'must be a log level such as info')
    .optional(),
  message_format: z.enum(['message', 'record'], 'must be message or record').optional(),
  input_format: z.enum(SHAPES, `must be one of ${SHAPES.join(', ')}`).optional(),
  max_bytes_per_second: number.refine((n) => n >= 1024, 'must be at least 1024').optional(),
});
type Common = Partial<z.output<typeof COMMON>>;

/** What an item may say to this service; other attributes are another system's, or typing errors. */
export const ATTRIBUTE_NAMES: readonly string[] = [
  ...Object.keys(COMMON.shape),
  ...[...KINDS.values()].flatMap(({ attributes }) => attributes),
];

/**
 * Reads one item of the tenant table. Unknown attributes are ignored; null is as good as absent.
 * @throws DeliveryError
 */
export function parseDelivery(item: Readonly<Record<string, unknown>>, defaults: DeliveryDefaults): Delivery {
  const reader = createItemReader(item);
  const it = reader.read(COMMON);
  const { tenant_id: tenantId, type, log_distribution_role_arn: roleArn } = it;
  // What is right by itself is checked further all the same: one report names every problem.
  const kind = KINDS.get(type?.split('#', 1)[0] ?? '') ?? CLOUDWATCH;
  const accountId = reader.attempt('account_id', () => accountOf(it));
  const applications = reader.attempt('groups', () => applicationsOf(it, defaults)) ?? null;
  const messageFormat = reader.attempt('message_format', () => formatOf(it, kind));
  const target = kind.read(reader, tenantId ?? 'tenant');
  if (reader.problems.length > 0 || !tenantId || !type || !roleArn || !accountId || !messageFormat || !target) {
    throw new DeliveryError(reader.problems);
  }
  return {
    tenantId,
    type,
    enabled: it.enabled ?? true,
    roleArn,
    accountId,
    externalId: it.external_id,
    region: it.target_region ?? defaults.region,
    target,
    applications,
    minLevel: it.min_log_level === undefined ? null : levelRank(it.min_log_level),
    messageFormat,
    inputFormat: it.input_format,
    bytesPerSecondMax: it.max_bytes_per_second,
  };
}

/** The account of the role, which `account_id` must name when it is there. */
function accountOf(it: Common): string | undefined {
  const account = ROLE_ARN.exec(it.log_distribution_role_arn ?? '')?.[1];
  if (it.account_id !== undefined && account !== undefined && it.account_id !== account) {
    throw new Error(`must be the account of log_distribution_role_arn, ${account}`);
  }
  return account;
}

function formatOf(it: Common, { kind, messageFormats }: TargetKind<Target>): 'message' | 'record' | undefined {
  const format = it.message_format ?? messageFormats[0];
  if (format && !messageFormats.includes(format)) throw new Error(`must be ${messageFormats.join(' or ')} for ${kind}`);
  return format;
}

/** `desired_logs` and `groups` together; neither, or both empty, is everything. */
function applicationsOf(it: Common, defaults: DeliveryDefaults): ReadonlySet<string> | null {
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
  for (const variable of [...delivery.target.group.variables, ...delivery.target.stream.variables]) {
    if (variable !== 'date') fields.add(variable);
  }
  return [...fields];
}

/** What batch boundaries depend on besides the records: when it changes, a half-delivered chunk starts anew. */
export function layoutOf(delivery: Delivery): string {
  return JSON.stringify([
    delivery.target.kind,
    delivery.target.group.source,
    delivery.target.stream.source,
    delivery.applications ? [...delivery.applications].sort() : null,
    delivery.minLevel,
    delivery.messageFormat,
  ]);
}
