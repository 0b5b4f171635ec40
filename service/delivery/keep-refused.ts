import type { Chunk } from '../core/chunk.ts';
import type { Delivery } from '../core/delivery.ts';
import { objectId } from '../core/notification.ts';
import { type ChunkPlan, timeOf } from '../core/plan.ts';
import { recordText } from '../core/record-text.ts';
import { detailOf, isRejection, type QuarantineReason, type Refusal, type Rejection } from '../core/refusal.ts';
import type { QuarantineLine } from '../quarantine/file.ts';
import type { Quarantine } from '../quarantine/writer.ts';
import type { ObjectTask } from './destination.ts';
import type { RejectedFile, RejectedKeep } from './rejected-events.ts';

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

/** Records of one reason. */
export interface RefusedRecords {
  readonly reason: QuarantineReason;
  /** From the first one, each time. */
  readonly records: () => Iterable<KeptRecord>;
}

/**
 * Keeps what is not delivered of one place: a file for each reason.
 * @param place names their place in the object: the same place overwrites its files
 * @throws DistributorError `quarantine-unavailable`, or as `RejectedKeep.announce`
 */
export type Keep = (place: string, refused: readonly RefusedRecords[]) => Promise<void>;

/**
 * @param signal what is not kept now is kept by whoever goes on: a drain need not wait
 * @param rejected what becomes of rejected events; undefined: they are in quarantine, with all others
 */
export function createKeep(
  quarantine: Quarantine,
  task: ObjectTask,
  delivery: Delivery,
  signal: AbortSignal,
  rejected: RejectedKeep | undefined,
): Keep {
  const { tenantId } = delivery;
  const { bucket } = task.ref;
  const common = { object: objectId(task.ref), delivery: `${tenantId}/${delivery.type}` };
  const linesOf = ({ reason, records }: RefusedRecords) =>
    Iterator.from(records()).map((record): QuarantineLine => ({ ...common, reason, ...record }));

  const keepRejected = async (keep: RejectedKeep, reason: Rejection, place: string, refused: RefusedRecords) => {
    const tally = { reason, events: 0, firstMs: Number.POSITIVE_INFINITY, lastMs: Number.NEGATIVE_INFINITY };
    for (const { timestamp = Number.NaN } of refused.records()) {
      tally.events++;
      tally.firstMs = Math.min(tally.firstMs, timestamp);
      tally.lastMs = Math.max(tally.lastMs, timestamp);
    }
    const url = await keep.write(reason, place, linesOf(refused));
    const at = { bucket, tenantId, reason, place };
    if (url === undefined) await quarantine.write(at, linesOf(refused), signal);
    else await quarantine.write({ ...at, index: true }, linesOf(refused).map(placeOnly(url)), signal);
    return { ...tally, url };
  };

  return async (at, files) => {
    const place = `${common.object}\n${common.delivery}\n${at}`;
    const announced: RejectedFile[] = [];
    for (const refused of files) {
      const { reason } = refused;
      if (rejected && isRejection(reason)) announced.push(await keepRejected(rejected, reason, place, refused));
      else await quarantine.write({ bucket, tenantId, reason, place }, linesOf(refused), signal);
    }
    if (announced.length > 0) await rejected?.announce(announced);
  };
}

/** A line without its text, which is elsewhere. */
function placeOnly(url: string): (line: QuarantineLine) => QuarantineLine {
  return ({ message: _, original_base64: __, ...line }) => ({ ...line, kept_at: url });
}

/** The records of a chunk that are not sent. */
export async function keepRefusals(keep: Keep, plan: ChunkPlan): Promise<void> {
  const { refusals, chunk } = plan;
  if (refusals.length === 0) return;
  const refused = refusals.map((refusal) => ({
    reason: refusal.reason,
    records: () => refusedRecords(plan, refusal),
  }));
  await keep(String(chunk.at.record), refused);
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
