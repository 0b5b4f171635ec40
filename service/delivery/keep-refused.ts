import type { Chunk } from '../core/chunk.ts';
import type { Delivery } from '../core/delivery.ts';
import { objectId } from '../core/notification.ts';
import { type ChunkPlan, timeOf } from '../core/plan.ts';
import { recordText } from '../core/record-text.ts';
import { detailOf, isRejection, type QuarantineReason, type Refusal } from '../core/refusal.ts';
import type { Quarantine } from '../quarantine/writer.ts';
import type { ObjectTask } from './destination.ts';

/** Keeps records of one delivery of one object that are not delivered. */

/** A record, or a part of one, as it is kept. */
export interface KeptRecord {
  /** Ordinal in the object. */
  readonly record: number;
  readonly detail: string;
  readonly message: string;
  /** Epoch milliseconds; absent where the record has none that is valid. */
  readonly timestamp?: number;
  /** The bytes that the text with U+FFFD in it was read from; absent where they are UTF-8. */
  readonly original_base64?: string;
}

/**
 * Writes records of one reason to quarantine.
 * @param place names their place in the object: the same place overwrites its file
 * @throws DistributorError `quarantine-unavailable`
 */
export type Keep = (reason: QuarantineReason, place: string, records: Iterable<KeptRecord>) => Promise<void>;

/** @param signal what is not kept now is kept by whoever goes on: a drain need not wait */
export function createKeep(quarantine: Quarantine, task: ObjectTask, delivery: Delivery, signal: AbortSignal): Keep {
  const common = { object: objectId(task.ref), delivery: `${delivery.tenantId}/${delivery.type}` };
  return (reason, place, records) =>
    quarantine.write(
      {
        bucket: task.ref.bucket,
        tenantId: delivery.tenantId,
        reason,
        place: `${common.object}\n${common.delivery}\n${place}`,
      },
      Iterator.from(records).map((record) => ({ ...common, reason, ...record })),
      signal,
    );
}

/** The records of a chunk that are not sent. A file for each reason. */
export async function keepRefusals(keep: Keep, plan: ChunkPlan): Promise<void> {
  for (const refusal of plan.refusals) {
    await keep(refusal.reason, String(plan.chunk.at.record), refusedRecords(plan, refusal));
  }
}

function* refusedRecords(plan: ChunkPlan, { reason, records }: Refusal): Generator<KeptRecord, void, undefined> {
  const { chunk } = plan;
  for (const record of records) {
    // What was refused for its time shows the time that it was refused for, others only one of their own.
    const timestamp = isRejection(reason) ? timeOf(plan, record) : (chunk.timestampsMs[record] ?? Number.NaN);
    yield {
      record: chunk.at.record + record,
      detail: detailOf(reason, chunk, record),
      message: recordText(chunk, record),
      ...(Number.isFinite(timestamp) ? { timestamp } : {}),
      ...originalOf(chunk, record),
    };
  }
}

export function originalOf({ originals }: Chunk, record: number): Pick<KeptRecord, 'original_base64'> {
  const bytes = originals?.of(record);
  return bytes ? { original_base64: Buffer.from(bytes).toString('base64') } : {};
}
