import * as z from 'zod';
import { present } from '../base/present.ts';

/**
 * A replay: objects that are delivered once more on purpose. It stands in its notifications beside what S3 says, so it
 * survives the queue, dead letters and redrives; its id is part of what the ledger calls the object, so that within a replay
 * an object is delivered once, whatever is announced or interrupted how often.
 */
export interface Replay {
  readonly id: string;
  /** Only this delivery of the tenant: `cloudwatch#audit`; undefined: all. */
  readonly delivery?: string | undefined;
  /** Only records of this application that the delivery wants anyway; undefined: all that it wants. */
  readonly application?: string | undefined;
  /** Only these records of the object, as ordinals [from, to), ascending; undefined: all. */
  readonly records?: readonly (readonly [from: number, to: number])[] | undefined;
}

/** In a notification the member of a record that no producer but ours writes. */
export const REPLAY_MEMBER = 'logDistributorReplay';

export const REPLAY_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
/** A message has at most 256 KiB in older regions (SQS quotas); so many ranges take less than 100 KB. */
export const REPLAY_RANGES_MAX = 4_000;

const ordinal = z.int().nonnegative();
const REPLAY = z.strictObject({
  id: z.string().regex(REPLAY_ID),
  delivery: z.string().min(1).max(100).optional(),
  application: z.string().min(1).max(256).optional(),
  records: z
    .array(z.tuple([ordinal, ordinal]).refine(([from, to]) => from < to))
    .min(1)
    .max(REPLAY_RANGES_MAX)
    .refine((ranges) => ranges.every(([from], at) => at === 0 || (ranges[at - 1]?.[1] ?? 0) <= from))
    .optional(),
});

/** @returns undefined when the value is no replay that this version understands */
export function parseReplay(value: unknown): Replay | undefined {
  return REPLAY.safeParse(value).data;
}

/** The deliveries of a tenant that a replay is for, each wanting no more than the replay does. */
export function chooseDeliveries<
  D extends { readonly type: string; readonly applications: ReadonlySet<string> | null },
>(deliveries: readonly D[], replay: Replay | undefined): readonly D[] {
  if (!replay) return deliveries;
  const { delivery: type, application } = replay;
  const chosen = deliveries.filter((delivery) => type === undefined || delivery.type === type);
  if (application === undefined) return chosen;
  return chosen.map((delivery) => {
    const wanted = delivery.applications === null || delivery.applications.has(application);
    // An empty set wants none: its records are read, and counted as filtered.
    return { ...delivery, applications: new Set(wanted ? [application] : []) };
  });
}

/** Whether a replay leaves out records that its deliveries want. */
export function isPartial(replay: Replay | undefined): replay is Replay {
  return replay?.application !== undefined || replay?.records !== undefined;
}

/** Whether a replay is for a record, by its ordinal in the object; undefined when it is for all. */
export function recordTest(replay: Replay | undefined): ((record: number) => boolean) | undefined {
  const ranges = replay?.records;
  if (!ranges) return undefined;
  return (record) => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (present(ranges[middle], 'a range of records')[1] <= record) low = middle + 1;
      else high = middle;
    }
    const range = ranges[low];
    return range !== undefined && range[0] <= record;
  };
}

/** Ordinals as ranges, in order and without overlaps. */
export function toRanges(records: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const record of records.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && record <= last[1]) last[1] = Math.max(last[1], record + 1);
    else ranges.push([record, record + 1]);
  }
  return ranges;
}
