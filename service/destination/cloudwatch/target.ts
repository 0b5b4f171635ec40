import * as z from 'zod';
import { type ItemReader, number } from '../../core/item.ts';
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
import type { BatchLimits, Target } from '../../core/target.ts';
import { compileNameTemplate } from '../../core/template.ts';

/** CloudWatch Logs: type `cloudwatch`. */
export interface CloudWatchTarget extends Target {
  readonly kind: typeof KIND;
  /** Days, applied when the service creates the group; undefined: the group keeps for ever. */
  readonly retentionDays: number | undefined;
}

export const KIND = 'cloudwatch';
export const CLOUDWATCH_LOGS: AwsService = { id: 'logs', name: 'CloudWatch Logs' };

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
});

/** Names of the attributes of an item. */
export const ATTRIBUTES = Object.keys(SCHEMA.shape);

/** @returns undefined when an attribute is wrong; the reader has the problems */
export function readTarget(item: ItemReader, tenantId: string): CloudWatchTarget | undefined {
  const it = item.read(SCHEMA);
  const template = (kind: 'group' | 'stream', source: string) => compileNameTemplate(source, kind, tenantId);
  const group = item.attempt('log_group_name', () => template('group', it.log_group_name ?? ''));
  const stream = item.attempt('log_stream_name', () => template('stream', it.log_stream_name ?? DEFAULT_STREAM));
  if (!group || !stream) return undefined;
  const { retention_days: retentionDays } = it;
  return { kind: KIND, service: CLOUDWATCH_LOGS, group, stream, retentionDays, limits: LIMITS };
}
