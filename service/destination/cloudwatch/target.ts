import type { LogGroupClass } from '@aws-sdk/client-cloudwatch-logs';
import * as z from 'zod';
import type { GroupSettings } from '../../aws/log-group.ts';
import { KMS_KEY_ARN } from '../../base/kms-key.ts';
import { ENTITY_VARIABLES, PLATFORMS, type Platform } from '../../core/entity.ts';
import { boolean, type ItemReader, number, tags } from '../../core/item.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  BATCH_SPAN_MS,
  EVENT_AGE_MAX_MS,
  EVENT_AHEAD_MAX_MS,
  EVENT_OVERHEAD_BYTES,
  RETENTION_DAYS,
} from '../../core/limits.ts';
import type { AwsService } from '../../core/place.ts';
import { parseReceiptPlace, RECEIPT_PLACE_RULE, RECEIPT_STREAM, type ReceiptPlace } from '../../core/receipt-place.ts';
import type { BatchLimits, Target } from '../../core/target.ts';
import { compileNameTemplate, type NameTemplate } from '../../core/template.ts';

/** CloudWatch Logs: type `cloudwatch`. */
export interface CloudWatchTarget extends Target {
  readonly kind: typeof KIND;
  /** Days, applied when the service creates the group; undefined: the group keeps for ever. */
  readonly retentionDays: number | undefined;
  /** Of groups that the service creates. */
  readonly groupSettings: GroupSettings;
  /** Where the pods run, for the entity of each call; undefined: calls have none. */
  readonly platform: Platform | undefined;
  readonly exactlyOnce: boolean;
  /** The log group of the service's own events; undefined: none is named, and the names of the others have placeholders. */
  readonly serviceGroup: ServiceGroup | undefined;
}

/** A log group for events of the service itself. */
export interface ServiceGroup {
  readonly name: string;
  /** If the service creates it. Of another class than STANDARD, nobody could raise alarms by these few events. */
  readonly settings: GroupSettings;
}

export const KIND = 'cloudwatch';
export const CLOUDWATCH_LOGS: AwsService = { id: 'logs', name: 'CloudWatch Logs' };

/**
 * Classes of groups that the service creates: those of the API but DELIVERY, which is for Lambda's logs on their way to S3 and
 * Firehose and keeps them for one day (API reference, CreateLogGroup).
 */
export const LOG_GROUP_CLASSES = [
  'STANDARD',
  'INFREQUENT_ACCESS',
  'ESSENTIALS',
] as const satisfies readonly LogGroupClass[];

const DEFAULT_STREAM = '{cluster_id}-{environment}-{date}';

const LIMITS: BatchLimits = {
  bytesMax: BATCH_BYTES_MAX,
  eventsMax: BATCH_EVENTS_MAX,
  spanMs: BATCH_SPAN_MS,
  ageMaxMs: EVENT_AGE_MAX_MS,
  aheadMaxMs: EVENT_AHEAD_MAX_MS,
  eventOverheadBytes: EVENT_OVERHEAD_BYTES,
  splits: true,
  emptyMessages: false,
};

const SCHEMA = z.object({
  log_group_name: z.string('is required'),
  log_stream_name: z.string().optional(),
  retention_days: number
    .refine((days) => RETENTION_DAYS.includes(days), `must be one of ${RETENTION_DAYS.join(', ')}`)
    .optional(),
  log_group_class: z
    .enum(LOG_GROUP_CLASSES, `must be ${LOG_GROUP_CLASSES.slice(0, -1).join(', ')} or ${LOG_GROUP_CLASSES.at(-1)}`)
    .optional(),
  // CloudWatch Logs takes keys, and no aliases (API reference, CreateLogGroup).
  log_group_kms_key_arn: z.string().regex(KMS_KEY_ARN, 'must be the ARN of a KMS key').optional(),
  log_group_tags: tags.optional(),
  exactly_once: boolean.optional(),
  rejected_events: z
    .string()
    .regex(/^s3(#[\w.-]{1,64})?$/, 'must be the type of a delivery to a bucket, such as s3 or s3#rejected')
    .optional(),
  progress_events: boolean.default(false),
  service_log_group_name: z.string().optional(),
  entity: z.enum(PLATFORMS, `must be ${PLATFORMS.join(' or ')}`).optional(),
  receipts: z
    .string()
    .refine((text) => parseReceiptPlace(text) !== undefined, RECEIPT_PLACE_RULE)
    .optional(),
});

/** Attributes that have the service say something in the tenant's account. */
const SAYING = ['rejected_events', 'progress_events'] as const;

/** Names of the attributes of an item. */
export const ATTRIBUTES = Object.keys(SCHEMA.shape);

/** @returns undefined when an attribute is wrong; the reader has the problems */
export function readTarget(item: ItemReader, tenantId: string): CloudWatchTarget | undefined {
  const it = item.read(SCHEMA);
  const template = (kind: 'group' | 'stream', source: string) => compileNameTemplate(source, kind, tenantId);
  const group = item.attempt('log_group_name', () => template('group', it.log_group_name ?? ''));
  const stream = item.attempt('log_stream_name', () => template('stream', it.log_stream_name ?? DEFAULT_STREAM));
  if (!group || !stream) return undefined;
  const groupSettings = {
    logGroupClass: it.log_group_class,
    kmsKeyArn: it.log_group_kms_key_arn,
    tags: it.log_group_tags,
  };
  const serviceGroup = item.attempt('service_log_group_name', () => serviceGroupOf(it, group, groupSettings, tenantId));
  const progressEvents = item.attempt('progress_events', () => wantsProgress(it, serviceGroup));
  const platform = item.attempt('entity', () => platformOf(it.entity, group, stream));
  const exactlyOnce = item.attempt('exactly_once', () => readable(it.exactly_once ?? false, it.log_group_class));
  const receipts = item.attempt('receipts', () => receiptsOf(it.receipts, stream));
  return {
    kind: KIND,
    service: CLOUDWATCH_LOGS,
    group,
    stream,
    retentionDays: it.retention_days,
    groupSettings,
    platform,
    exactlyOnce: exactlyOnce ?? false,
    serviceGroup,
    rejectedEvents: it.rejected_events,
    progressEvents: progressEvents ?? false,
    limits: LIMITS,
    receipts,
  };
}

/**
 * The log group of events that are not of one application: a group that is named for them, else the one group of the delivery.
 * @throws Error where they need one and there is none, or where the role need not be able to write
 */
function serviceGroupOf(
  it: Partial<z.output<typeof SCHEMA>>,
  group: NameTemplate,
  settings: GroupSettings,
  tenantId: string,
): ServiceGroup | undefined {
  const only = group.variables.length === 0 ? group.render([]) : undefined;
  const { service_log_group_name: given } = it;
  if (given === undefined) {
    if (only !== undefined) return { name: only, settings };
    const asking = SAYING.find((attribute) => it[attribute]);
    if (asking === undefined) return undefined;
    throw new Error(`is required with ${asking} where log_group_name has placeholders`);
  }
  const template = compileNameTemplate(given, 'group', tenantId);
  if (template.variables.length > 0) throw new Error('may hold no placeholder but {tenant_id}');
  const name = template.render([]);
  const prefix = groupPrefix(group, tenantId);
  if (name !== prefix && !name.startsWith(`${prefix}/`)) {
    throw new Error(`must be ${prefix} or below it, where the role may write`);
  }
  return { name, settings: name === only ? settings : { ...settings, logGroupClass: undefined } };
}

/** @throws Error where CloudWatch Logs would make no metrics of the events (CloudWatch Logs user guide, "Log classes") */
function wantsProgress(
  { progress_events: wanted = false }: Partial<z.output<typeof SCHEMA>>,
  group: ServiceGroup | undefined,
): boolean {
  const { logGroupClass = 'STANDARD' } = group?.settings ?? {};
  if (!wanted || logGroupClass === 'STANDARD') return wanted;
  throw new Error(
    `needs a service_log_group_name of its own: CloudWatch Logs makes no metrics of events in groups of the class ${logGroupClass}`,
  );
}

/** The prefix of the log groups of a template: what stands before the first placeholder, up to its last slash. */
export function groupPrefix({ source }: NameTemplate, tenantId: string): string {
  const template = source.replaceAll('{tenant_id}', tenantId);
  const literal = template.slice(0, (template.indexOf('{') + 1 || template.length + 1) - 1);
  return literal === template ? template : literal.replace(/\/[^/]*$/, '');
}

/** Receipts among the events would be events that no receipt knows of. */
function receiptsOf(text: string | undefined, stream: NameTemplate): ReceiptPlace | undefined {
  if (text === undefined) return undefined;
  if (stream.source === RECEIPT_STREAM) throw new Error(`needs another log_stream_name than ${RECEIPT_STREAM}`);
  return parseReceiptPlace(text);
}

/** A call has one entity: what it names must be the same for all events of a stream. */
function platformOf(platform: Platform | undefined, group: NameTemplate, stream: NameTemplate): Platform | undefined {
  const held = [...group.variables, ...stream.variables];
  const lacking = ENTITY_VARIABLES.filter((variable) => !held.includes(variable)).map((name) => `{${name}}`);
  if (platform === undefined || lacking.length === 0) return platform;
  throw new Error(`needs ${lacking.join(' and ')} in log_group_name or log_stream_name`);
}

/** Of the other classes GetLogEvents does not read (CloudWatch Logs user guide, "Log classes"). */
export const READABLE_CLASS = 'STANDARD' satisfies LogGroupClass;

function readable(exactlyOnce: boolean, logGroupClass: LogGroupClass | undefined): boolean {
  if (!exactlyOnce || logGroupClass === undefined || logGroupClass === READABLE_CLASS) return exactlyOnce;
  throw new Error(`needs log groups of the class ${READABLE_CLASS}: no call reads the events of ${logGroupClass} back`);
}
