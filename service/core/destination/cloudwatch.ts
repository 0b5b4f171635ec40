import { z } from 'zod';
import { number } from '../item.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_EVENTS_MAX,
  BATCH_SPAN_MS,
  EVENT_AGE_MAX_MS,
  EVENT_AHEAD_MAX_MS,
  EVENT_OVERHEAD_BYTES,
  RETENTION_DAYS,
} from '../limits.ts';
import { compileNameTemplate } from '../template.ts';
import type { BatchLimits, TargetBase, TargetKind } from './target.ts';

/** CloudWatch Logs: type `cloudwatch`. */
export interface CloudWatchTarget extends TargetBase {
  readonly kind: 'cloudwatch';
  /** Days, applied when the service creates the group; undefined: the group keeps for ever. */
  readonly retentionDays: number | undefined;
}

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

const ATTRIBUTES = z.object({
  log_group_name: z.string('is required'),
  log_stream_name: z.string().optional(),
  retention_days: number
    .refine((days) => RETENTION_DAYS.includes(days), `must be one of ${RETENTION_DAYS.join(', ')}`)
    .optional(),
});

export const CLOUDWATCH: TargetKind<CloudWatchTarget> = {
  kind: 'cloudwatch',
  attributes: Object.keys(ATTRIBUTES.shape),
  messageFormats: ['message', 'record'],
  read(item, tenantId) {
    const it = item.read(ATTRIBUTES);
    const template = (kind: 'group' | 'stream', source: string) => compileNameTemplate(source, kind, tenantId);
    const group = item.attempt('log_group_name', () => template('group', it.log_group_name ?? ''));
    const stream = item.attempt('log_stream_name', () => template('stream', it.log_stream_name ?? DEFAULT_STREAM));
    return group && stream && { kind: 'cloudwatch', group, stream, retentionDays: it.retention_days, limits: LIMITS };
  },
};
