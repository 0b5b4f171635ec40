import type { S3Object } from '../aws/s3-source.ts';
import { type DecodeLimits, START } from '../core/chunk.ts';
import { type Counts, NO_COUNTS } from '../core/counts.ts';
import { type Delivery, fieldsOf } from '../core/delivery.ts';
import { planChunk } from '../core/plan.ts';
import { recordTest } from '../core/replay.ts';
import type { Destination, ObjectTask, StopSignals } from './destination.ts';
import type { OpenDecoder } from './open-object.ts';

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

export interface CopyDeps {
  readonly openDecoder: OpenDecoder;
  readonly decodeLimits: DecodeLimits;
  readonly eventBytesMax: number;
}

/**
 * Delivers the object byte for byte, where the destination can do that and the delivery wants every record. The records
 * are read first and looked at: one of another tenant must not travel along, and all must be counted. Nothing is saved on
 * the way; who resumes begins again, and overwrites.
 * @returns undefined when the object must be delivered record by record
 */
export async function copyWhole(deps: CopyDeps, run: CopyRun): Promise<Copied | undefined> {
  const { delivery, destination, object, signals } = run;
  const { copy, copyBytesMax = Number.POSITIVE_INFINITY } = destination;
  if (!copy || object.source.size > copyBytesMax) return undefined;
  if (delivery.applications !== null || delivery.minLevel !== null) return undefined;
  const all = await readAll(deps, run);
  if (all) await copy(object.source, signals);
  return all;
}

/** Reads every record; what that takes is given back before the copy begins. @returns undefined when one must stay behind */
async function readAll(deps: CopyDeps, { task, delivery, object, reading }: CopyRun): Promise<Copied | undefined> {
  const context = {
    delivery,
    keyFields: task.keyFields,
    lastModifiedMs: object.lastModifiedMs,
    eventBytesMax: deps.eventBytesMax,
    asked: recordTest(task.ref.replay),
  };
  const request = { fields: fieldsOf(delivery), messageFormat: 'message', limits: deps.decodeLimits } as const;
  // A decoder gives its chunks once: the caller's is for those that are delivered.
  using decoder = await deps.openDecoder(object, deps.decodeLimits, reading, delivery.inputFormat);
  let records = 0;
  let messageBytes = 0;
  for await (const chunk of decoder.chunks(START, request, reading)) {
    const plan = planChunk(chunk, context);
    if (plan.filtered > 0 || plan.refusals.length > 0) return undefined;
    records += chunk.count;
    for (const { bytes } of plan.batches) messageBytes += bytes;
  }
  return { counts: { ...NO_COUNTS, read: records, delivered: records }, messageBytes };
}
