import type { Chunk, TextColumn } from './chunk.ts';
import type { Delivery } from './delivery.ts';
import { levelRank } from './levels.ts';
import { EVENT_TIME_MARGIN_MS, TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS } from './limits.ts';
import type { RecordTimes } from './record-times.ts';
import type { QuarantineReason, Refusal } from './refusal.ts';
import { type BatchLimits, hasTimes } from './target.ts';

/** What becomes of a record before anything is known of its destination. */

export interface Screened {
  /** Numbers of the records to deliver, in ascending order. */
  readonly admitted: Uint32Array;
  /** One for each reason that occurs. */
  readonly refusals: readonly Refusal[];
  /** Records dropped by a filter or for an empty message. */
  readonly filtered: number;
  /** Whether another `judgedMs` could have admitted other records. */
  readonly judged: boolean;
}

export interface ScreenContext {
  readonly delivery: Delivery;
  /** Which records are asked for, by their ordinal in the object; absent: all. */
  readonly asked?: ((record: number) => boolean) | undefined;
  /**
   * The destination's time, epoch milliseconds: what it surely refuses at that time is refused here. Absent: all that any call may
   * hold is left to the destination.
   */
  readonly judgedMs?: number | undefined;
}

/** Marks on records; any other but the first means that the record is not delivered. */
const DELIVER = 0;
const FILTER = 1;
const UNPARSABLE = 2;
const FOREIGN_TENANT = 3;
const TOO_OLD = 4;
const TOO_NEW = 5;

/** In the order of the marks, from UNPARSABLE on. */
const REASONS: readonly QuarantineReason[] = ['unparsable', 'foreign_tenant', 'too_old', 'too_new'];

/** @param times of all records of the chunk */
export function screen(chunk: Chunk, times: RecordTimes, { delivery, asked, judgedMs }: ScreenContext): Screened {
  const { applications, minLevel, tenantId, target } = delivery;
  const { customer_tenant, application, log_level } = chunk.fields;
  const marks = new Uint8Array(chunk.count);
  // The first mark of a record stays.
  if (asked) markUnasked(marks, chunk, asked);
  for (const record of chunk.unparsable.keys()) marks[record] ||= UNPARSABLE;
  markWhere(marks, FOREIGN_TENANT, customer_tenant, (tenant) => tenant !== '' && tenant !== tenantId);
  if (applications) markWhere(marks, FILTER, application, (name) => !applications.has(name));
  if (minLevel !== null) markWhere(marks, FILTER, log_level, (level) => (levelRank(level) ?? minLevel) < minLevel);
  // An empty message has nothing to store, and one of them would fail the whole call.
  if (!target.limits.emptyMessages) markEmpty(marks, chunk);
  if (!hasTimes(target.limits)) return { ...sortOut(marks), judged: false };
  const window = windowOf(target.limits, judgedMs);
  markOutside(marks, times, window);
  return { ...sortOut(marks), judged: window !== ANY_TIME && isOutside(times, window) };
}

/** The times that events may have which are sent, both included. */
interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a call may hold at all. */
const ANY_TIME: TimeWindow = { fromMs: TIMESTAMP_MIN_MS, toMs: TIMESTAMP_MAX_MS };

function windowOf({ ageMaxMs, aheadMaxMs }: BatchLimits, judgedMs: number | undefined): TimeWindow {
  if (judgedMs === undefined) return ANY_TIME;
  return {
    fromMs: Math.max(ANY_TIME.fromMs, judgedMs - ageMaxMs - EVENT_TIME_MARGIN_MS),
    toMs: Math.min(ANY_TIME.toMs, judgedMs + aheadMaxMs + EVENT_TIME_MARGIN_MS),
  };
}

function isOutside({ earliestMs, latestMs }: RecordTimes, { fromMs, toMs }: TimeWindow): boolean {
  return earliestMs < fromMs || latestMs > toMs;
}

function markUnasked(marks: Uint8Array, { at }: Chunk, asked: (record: number) => boolean): void {
  const count = marks.length;
  for (let record = 0; record < count; record++) if (!asked(at.record + record)) marks[record] ||= FILTER;
}

/** Decides once for each distinct value of a column, not once for each record. */
function markWhere(
  marks: Uint8Array,
  mark: number,
  column: TextColumn | undefined,
  test: (value: string) => boolean,
): void {
  if (!column) return;
  const verdicts = Uint8Array.from(column.values, (value) => (test(value) ? mark : DELIVER));
  const { index, only } = column;
  if (only === undefined ? !verdicts.includes(mark) : verdicts[only] !== mark) return;
  const count = marks.length;
  for (let record = 0; record < count; record++) {
    marks[record] ||= verdicts[index[record] as number] as number;
  }
}

function markEmpty(marks: Uint8Array, { messages: { size } }: Chunk): void {
  const count = marks.length;
  for (let record = 0; record < count; record++) if (size[record] === 0) marks[record] ||= FILTER;
}

function markOutside(marks: Uint8Array, times: RecordTimes, window: TimeWindow): void {
  if (!isOutside(times, window)) return;
  const { ofMs } = times;
  const { fromMs, toMs } = window;
  const count = marks.length;
  for (let record = 0; record < count; record++) {
    const timeMs = ofMs[record] as number;
    if (timeMs < fromMs) marks[record] ||= TOO_OLD;
    else if (timeMs > toMs) marks[record] ||= TOO_NEW;
  }
}

function sortOut(marks: Uint8Array): Omit<Screened, 'judged'> {
  const count = marks.length;
  const admitted = new Uint32Array(count);
  const refused = REASONS.map((reason) => ({ reason, records: [] as number[] }));
  let delivered = 0;
  let filtered = 0;
  for (let record = 0; record < count; record++) {
    const mark = marks[record] as number;
    if (mark === DELIVER) admitted[delivered++] = record;
    else if (mark === FILTER) filtered++;
    else refused[mark - UNPARSABLE]?.records.push(record);
  }
  const refusals = refused.filter(({ records }) => records.length > 0);
  return { admitted: admitted.subarray(0, delivered), refusals, filtered };
}
