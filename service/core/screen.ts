import type { Chunk, TextColumn } from './chunk.ts';
import type { Delivery } from './delivery.ts';
import { levelRank } from './levels.ts';
import { TIMESTAMP_MAX_MS, TIMESTAMP_MIN_MS } from './limits.ts';
import type { RecordTimes } from './record-times.ts';
import { hasTimes } from './target/target.ts';

/** What becomes of a record before anything is known of its destination. */

export type QuarantineReason = 'unparsable' | 'foreign_tenant' | 'too_old' | 'too_new' | 'expired';

/** A record that is not sent, and why. */
export interface Refusal {
  readonly record: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
}

export interface Screened {
  /** Numbers of the records to deliver, in ascending order. */
  readonly admitted: Uint32Array;
  /** In ascending order too. */
  readonly refusals: readonly Refusal[];
  /** Records dropped by a filter or for an empty message. */
  readonly filtered: number;
}

export interface ScreenContext {
  readonly delivery: Delivery;
  /** Which records are asked for, by their ordinal in the object; absent: all. */
  readonly asked?: ((record: number) => boolean) | undefined;
}

/** Marks on records; any other but the first means that the record is not delivered. */
const DELIVER = 0;
const FILTER = 1;
const UNPARSABLE = 2;
const FOREIGN_TENANT = 3;
const TOO_OLD = 4;
const TOO_NEW = 5;

/** @param times of all records of the chunk */
export function screen(chunk: Chunk, times: RecordTimes, { delivery, asked }: ScreenContext): Screened {
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
  if (hasTimes(target.limits)) markOutOfRange(marks, times);
  return sortOut(marks, chunk);
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

function markOutOfRange(marks: Uint8Array, { ofMs, earliestMs, latestMs }: RecordTimes): void {
  if (earliestMs >= TIMESTAMP_MIN_MS && latestMs <= TIMESTAMP_MAX_MS) return;
  const count = marks.length;
  for (let record = 0; record < count; record++) {
    const timeMs = ofMs[record] as number;
    if (timeMs < TIMESTAMP_MIN_MS) marks[record] ||= TOO_OLD;
    else if (timeMs > TIMESTAMP_MAX_MS) marks[record] ||= TOO_NEW;
  }
}

function sortOut(marks: Uint8Array, chunk: Chunk): Screened {
  const count = marks.length;
  const admitted = new Uint32Array(count);
  const refusals: Refusal[] = [];
  let delivered = 0;
  let filtered = 0;
  for (let record = 0; record < count; record++) {
    const mark = marks[record] as number;
    if (mark === DELIVER) admitted[delivered++] = record;
    else if (mark === FILTER) filtered++;
    else refusals.push({ record, ...whyOf(mark, chunk, record) });
  }
  return { admitted: admitted.subarray(0, delivered), refusals, filtered };
}

function whyOf(mark: number, { unparsable }: Chunk, record: number): Omit<Refusal, 'record'> {
  switch (mark) {
    case UNPARSABLE:
      return { reason: 'unparsable', detail: unparsable.get(record) ?? '' };
    case FOREIGN_TENANT:
      return { reason: 'foreign_tenant', detail: 'customer_tenant names another tenant than the object key' };
    case TOO_OLD:
      return { reason: 'too_old', detail: 'the timestamp lies before 1970' };
    default:
      return { reason: 'too_new', detail: 'the timestamp lies beyond what a date can hold' };
  }
}
