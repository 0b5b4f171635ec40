import { createHash } from 'node:crypto';
import { parseObjectId } from '../../core/notification.ts';
import { REPLAY_RANGES_MAX, type Replay, toRanges } from '../../core/replay.ts';
import type { QuarantinedRecord } from '../../quarantine/file.ts';
import type { QuarantineFile } from '../../quarantine/reader.ts';

export interface ReasonSummary {
  readonly tenant: string;
  readonly reason: string;
  readonly files: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** By tenant and reason; what came last stands first. Files are counted as they come, as there may be very many. */
export async function summarizeFiles(files: AsyncIterable<QuarantineFile>): Promise<ReasonSummary[]> {
  const groups = new Map<string, ReasonSummary>();
  for await (const { tenant, reason, bytes, writtenMs } of files) {
    const name = `${tenant}\n${reason}`;
    const before = groups.get(name);
    groups.set(name, {
      tenant,
      reason,
      files: (before?.files ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + bytes,
      firstMs: Math.min(before?.firstMs ?? writtenMs, writtenMs),
      lastMs: Math.max(before?.lastMs ?? writtenMs, writtenMs),
    });
  }
  return [...groups.values()].sort((a, b) => b.lastMs - a.lastMs);
}

/** Why records of a reason would be refused again, however often they are redriven; undefined where time or a change helps. */
export function whyUseless(reason: string): string | undefined {
  return USELESS[reason];
}

const USELESS: Readonly<Record<string, string>> = {
  unparsable:
    'the records are still broken: fix the writer, or set input_format if the shape was mistaken and replay the objects; the quarantine keeps their text',
  foreign_tenant: 'records of another tenant are never delivered to this one: fix the writer of the objects',
  too_old: 'CloudWatch Logs never accepts events older than 14 days',
};

const HOUR_MS = 3_600_000;
/** CloudWatch Logs takes events up to 2 hours ahead of its clock (API reference, PutLogEvents). */
const AHEAD_MAX_MS = 2 * HOUR_MS;

/** Records of one object that are to be delivered once more. */
export interface RecordsReplay {
  readonly bucket: string;
  readonly key: string;
  /** Version id or ETag. */
  readonly version: string;
  readonly replay: Replay;
  /** How many records it is for. */
  readonly records: number;
  /** From when on CloudWatch Logs takes all of them, epoch milliseconds. */
  readonly readyMs: number;
}

/**
 * The replays that bring a file's records back: of their object, for their delivery, and of no other record. Their ids come
 * from the file, so a file that is redriven twice is delivered once.
 *
 * A replay is delivered once, so what has its id must never change. Records that are too new become ready one by one: those
 * of an hour are a replay of their own, which is sent when the last of them is ready.
 * @param records all of the file
 */
export function replaysOf(file: QuarantineFile, records: readonly QuarantinedRecord[]): RecordsReplay[] {
  const id = `q-${createHash('sha256').update(`${file.bucket}/${file.key}#${file.eTag}`).digest('hex').slice(0, 24)}`;
  const groups = Map.groupBy(records, (record) => `${record.delivery}\n${record.object}\n${hourOf(record)}`);
  return [...groups.values()].flatMap((group, nth) => {
    const object = parseObjectId(group[0]?.object ?? '');
    if (!object) return [];
    const delivery = (group[0]?.delivery ?? '').split('/').at(-1) ?? '';
    const ranges = toRanges(group.map(({ record }) => record));
    const readyMs = group.reduce((latest, record) => Math.max(latest, readyAt(record)), 0);
    return Array.from({ length: Math.ceil(ranges.length / REPLAY_RANGES_MAX) }, (_, part) => {
      const some = ranges.slice(part * REPLAY_RANGES_MAX, (part + 1) * REPLAY_RANGES_MAX);
      return {
        bucket: object.bucket,
        key: object.key,
        version: object.version,
        replay: { id: nth + part === 0 ? id : `${id}-${nth}-${part}`, delivery, records: some },
        records: some.reduce((sum, [from, to]) => sum + to - from, 0),
        readyMs,
      };
    });
  });
}

function hourOf({ reason, timestamp = 0 }: QuarantinedRecord): number {
  return reason === 'too_new' ? Math.floor(timestamp / HOUR_MS) : 0;
}

function readyAt({ reason, timestamp = 0 }: QuarantinedRecord): number {
  return reason === 'too_new' ? timestamp - AHEAD_MAX_MS : 0;
}
