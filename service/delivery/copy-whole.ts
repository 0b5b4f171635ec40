import type { S3Object } from '../aws/s3-source.ts';
import { START } from '../core/chunk.ts';
import { type Counts, NO_COUNTS } from '../core/counts.ts';
import { type Delivery, fieldsOf } from '../core/delivery.ts';
import { planChunk } from '../core/plan.ts';
import { recordTest } from '../core/replay.ts';
import type { Destination, ObjectTask, StopSignals } from './destination.ts';
import type { RunDeliveryDeps } from './run-delivery.ts';

export interface CopyRun {
  readonly task: ObjectTask;
  readonly delivery: Delivery;
  readonly object: S3Object;
  readonly destination: Destination;
  readonly signals: StopSignals;
  readonly reading: AbortSignal;
}

export interface Copied {
  readonly counts: Counts;
  /** UTF-8 bytes of the messages, as everywhere. */
  readonly messageBytes: number;
}

/**
 * Delivers the object byte for byte, where the destination can do that and the delivery wants every record. The records
 * are read first and looked at: one of another tenant must not travel along, and all must be counted. Nothing is saved on
 * the way; who resumes begins again, and overwrites.
 * @returns undefined when the object must be delivered record by record
 */
export async function copyWhole(
  deps: Pick<RunDeliveryDeps, 'openDecoder' | 'decodeLimits' | 'eventBytesMax'>,
  { task, delivery, object, destination, signals, reading }: CopyRun,
): Promise<Copied | undefined> {
  if (!destination.copy || delivery.applications !== null || delivery.minLevel !== null) return undefined;
  const context = {
    delivery,
    keyFields: task.keyFields,
    lastModifiedMs: object.lastModifiedMs,
    eventBytesMax: deps.eventBytesMax,
    asked: recordTest(task.ref.replay),
  };
  const request = { fields: fieldsOf(delivery), messageFormat: 'message', limits: deps.decodeLimits } as const;
  const decoder = await deps.openDecoder(object, deps.decodeLimits, reading);
  let records = 0;
  let messageBytes = 0;
  for await (const chunk of decoder.chunks(START, request, reading)) {
    const plan = planChunk(chunk, context);
    if (plan.filtered + plan.refusals.length > 0) return undefined;
    records += chunk.count;
    for (const { bytes } of plan.batches) messageBytes += bytes;
  }
  await destination.copy(object.source, signals);
  return { counts: { ...NO_COUNTS, read: records, delivered: records }, messageBytes };
}
