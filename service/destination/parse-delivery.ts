import * as z from 'zod';
import { type Delivery, DeliveryError } from '../core/delivery.ts';
import { boolean, createItemReader, number, texts } from '../core/item.ts';
import { levelRank } from '../core/levels.ts';
import { SHAPES } from '../object/text/shape.ts';
import type { ItemRules } from '../tenant/store.ts';
import type { DestinationKind } from './kind.ts';
import { DEFAULT_KIND, KINDS, kindOfType } from './kinds.ts';

/** What parsing an item needs to know besides the item. */
export interface DeliveryDefaults {
  readonly region: string;
  /** Named groups of applications that `groups` may refer to by name. */
  readonly applicationGroups: Readonly<Record<string, readonly string[]>>;
}

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/[\w+=,.@/-]{1,512}$/;
const KIND_NAMES = KINDS.map(({ kind }) => kind);
const TYPE = new RegExp(`^(${KIND_NAMES.join('|')})(#[\\w.-]{1,64})?$`);

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
  ...KINDS.flatMap(({ attributes }) => attributes),
];

/** How the tenant table is read, for those who look tenants up. */
export function createItemRules(defaults: DeliveryDefaults): ItemRules {
  return {
    types: KIND_NAMES.join(' or '),
    read: (item) => (kindOfType(item.type) ? parseDelivery(item, defaults) : undefined),
  };
}

/**
 * Reads one item of the tenant table. Unknown attributes are ignored; null is as good as absent.
 * @throws DeliveryError
 */
export function parseDelivery(item: Readonly<Record<string, unknown>>, defaults: DeliveryDefaults): Delivery {
  const reader = createItemReader(item);
  const it = reader.read(COMMON);
  const { tenant_id: tenantId, type, log_distribution_role_arn: roleArn } = it;
  // What is right by itself is checked further all the same: one report names every problem.
  const kind = kindOfType(type) ?? DEFAULT_KIND;
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

function formatOf(it: Common, { kind, messageFormats }: DestinationKind): 'message' | 'record' | undefined {
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
