import type { LogRecord } from '../../../local/workload/record.ts';
import { fingerprint } from '../../../local/workload/tally.ts';
import { BATCH_EVENTS_MAX } from '../../../service/core/limits.ts';

/** What became of the events of an object, in events. */
export interface Books {
  readonly lost: number;
  readonly repeated: number;
  /** That are in no object. */
  readonly foreign: number;
}

/** What an object holds: each of these records as many times. */
export interface Held {
  readonly records: readonly Pick<LogRecord, 'timestamp' | 'message'>[];
  readonly rounds: number;
}

/** @param seen how often each event was accepted, by its fingerprint */
export function compare({ records, rounds }: Held, copies: number, seen: ReadonlyMap<number, number>): Books {
  const due = new Map<number, number>();
  for (const { timestamp, message } of records) {
    const print = fingerprint(timestamp, message);
    due.set(print, (due.get(print) ?? 0) + rounds * copies);
  }
  let [lost, repeated, foreign] = [0, 0, 0];
  for (const [print, count] of due) {
    const taken = seen.get(print) ?? 0;
    lost += Math.max(0, count - taken);
    repeated += Math.max(0, taken - count);
  }
  for (const [print, count] of seen) if (!due.has(print)) foreign += count;
  return { lost, repeated, foreign };
}

/**
 * A busy machine answers a call so late that the service gives it up and sends the batch again, as it must (docs/guarantee.md). No other
 * event may be there twice.
 * @param ambiguous calls without an answer that the service has repeated
 */
export function isRight({ lost, repeated, foreign }: Books, ambiguous: number): boolean {
  return lost === 0 && foreign === 0 && repeated <= ambiguous * BATCH_EVENTS_MAX;
}
