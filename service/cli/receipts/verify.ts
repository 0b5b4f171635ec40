import { type Cell, HOUR_MS } from '../../core/books.ts';
import { hourName } from '../../core/receipt.ts';
import {
  type CellPair,
  type Contents,
  differences,
  explainSurplus,
  findMoved,
  sumCells,
  surplusOf,
} from '../../core/receipt-compare.ts';
import type { Collected, ReceiptProblem, ReceiptSummary } from './collect.ts';
import { readCells, readHour, type Unit } from './read-back.ts';
import type { ReadDeps } from './source.ts';
import type { VerifyState } from './state.ts';

/** Compares what receipts say of some hours with what is in the log streams. */

/** A stream and hour in which they differ. */
export interface Difference {
  readonly group: string;
  readonly stream: string;
  /** UTC, such as `2026-11-30T21`. */
  readonly hour: string;
  readonly kind: 'missing' | 'extra' | 'altered' | 'moved' | 'repeated' | 'unsettled';
  /** Events that are concerned; of altered ones nobody knows, and it is 0. */
  readonly events: number;
  readonly expected: number;
  readonly found: number;
  /** A sentence. */
  readonly detail: string;
}

export interface Outcome {
  readonly streams: number;
  readonly events: number;
  readonly differences: readonly Difference[];
}

/** Kinds that are no trouble by themselves. */
const HARMLESS: ReadonlySet<Difference['kind']> = new Set(['repeated', 'unsettled']);
/** Hours that are read a second time to explain their differences; of further ones only numbers are told. */
const EXPLAINED_MAX = 2_000;

export interface VerifyDeps extends ReadDeps {
  readonly state: VerifyState;
  readonly onProgress: (units: number, events: number) => void;
}

export async function compareWithStreams(
  deps: VerifyDeps,
  collected: Collected,
  units: readonly Unit[],
): Promise<Outcome> {
  const found: Cell[] = [];
  let events = 0;
  for (const [at, unit] of units.entries()) {
    deps.signal.throwIfAborted();
    let cells = deps.state.cellsOf(unit);
    if (!cells) {
      cells = await readCells(deps, unit, (count) => {
        events += count;
        deps.onProgress(at, events);
      });
      await deps.state.save(unit, cells);
    }
    found.push(...cells);
    deps.onProgress(at + 1, events);
  }
  const sums = sumCells(found);
  const pairs = differences(collected.cells, sums);
  const moved = findMoved(pairs);
  const settledMs = settledMsOf(collected);
  const explained: Difference[] = [];
  for (const [at, pair] of pairs.entries()) {
    const other = moved.get(pair);
    explained.push(other ? movedDifference(pair, other) : await explain(deps, pair, settledMs, at < EXPLAINED_MAX));
  }
  return {
    streams: new Set(units.map(({ group, stream }) => JSON.stringify([group, stream]))).size,
    events: [...sums.values()].reduce((sum, cell) => sum + cell.events, 0),
    differences: explained,
  };
}

/**
 * What was taken after this may be of an object that was being delivered when the last receipt was issued. What was taken before is as a
 * rule not: an object takes less than an interval, unless its destination held it up, or it is a dead letter (docs/receipts.md).
 */
function settledMsOf({ receipts }: Collected): number {
  const last = receipts.at(-1);
  return last ? Date.parse(last.issued) - last.interval * 1000 : 0;
}

async function explain(deps: VerifyDeps, pair: CellPair, settledMs: number, mayRead: boolean): Promise<Difference> {
  const surplus = surplusOf(pair);
  if (surplus.events < 0) {
    const lack = -surplus.events;
    return difference(pair, 'missing', lack, `${lack} events are missing${isPlainLack(surplus)}`);
  }
  if (surplus.events === 0) {
    const bytes = surplus.bytes === 0 ? '' : `; their messages have ${signed(surplus.bytes)} bytes`;
    return difference(pair, 'altered', 0, `as many events as delivered, and they are not the same${bytes}`);
  }
  const events = mayRead ? await readHour(deps, pair) : undefined;
  const explanation = events && explainSurplus(surplus, events, settledMs);
  switch (explanation?.kind) {
    case 'repeated':
      return difference(
        pair,
        'repeated',
        explanation.events,
        `${explanation.events} repeated copies of events that are there`,
      );
    case 'unsettled':
      return difference(
        pair,
        'unsettled',
        explanation.events,
        `${explanation.events} events that may be of objects that a later receipt has: verify this hour again after the next receipt`,
      );
    case 'foreign': {
      const times = explanation.timestamps.map((ms) => new Date(ms).toISOString()).join(' and ');
      return difference(pair, 'extra', explanation.timestamps.length, `an event that no receipt has, of ${times}`);
    }
    default:
      return difference(pair, 'extra', surplus.events, `${surplus.events} events that no receipt has`);
  }
}

function isPlainLack({ bytes }: Contents): string {
  return bytes < 0 ? '' : ', and others are not the same';
}

function movedDifference(pair: CellPair, other: CellPair): Difference {
  const count = Math.abs(surplusOf(pair).events);
  const direction = surplusOf(pair).events < 0 ? 'are in' : 'belong to';
  return difference(pair, 'moved', count, `${count} events ${direction} ${other.group} ${other.stream}`);
}

function difference(pair: CellPair, kind: Difference['kind'], events: number, detail: string): Difference {
  const { group, stream, hour, expected, found } = pair;
  return { group, stream, hour: hourName(hour), kind, events, expected: expected.events, found: found.events, detail };
}

function signed(count: number): string {
  return count > 0 ? `${count} more` : `${-count} fewer`;
}

/** @param strict whether repeated events are trouble too */
export function isTrouble({ kind }: Difference, strict: boolean): boolean {
  return !HARMLESS.has(kind) || (strict && kind === 'repeated');
}

/**
 * What is wrong with the time that the receipts cover.
 * @param fromMs receipts that were issued from then on count; the one before them was read too
 */
export function coverageProblems(
  { receipts }: Collected,
  { fromMs, toHour, nowMs }: { readonly fromMs: number; readonly toHour: number; readonly nowMs: number },
): ReceiptProblem[] {
  const [first, last] = [receipts[0], receipts.at(-1)];
  if (!first || !last) return [{ number: null, name: '', problem: 'there are no receipts of this time' }];
  return [...beginningProblems(first, fromMs), ...endProblems(last, toHour, nowMs)];
}

function beginningProblems({ number, name, issued }: ReceiptSummary, fromMs: number): ReceiptProblem[] {
  if (number === 1 || Date.parse(issued) < fromMs) return [];
  return [{ number, name, problem: `receipt ${number - 1} is missing before it` }];
}

function endProblems(last: ReceiptSummary, toHour: number, nowMs: number): ReceiptProblem[] {
  const untilMs = Math.min(toHour * HOUR_MS, nowMs);
  // One that is just being made, and one that waits behind others, are late by some minutes.
  const lateMs = 2 * last.interval * 1000 + LATE_MS;
  if (Date.parse(last.issued) >= untilMs - lateMs) return [];
  const problem = `the receipts end with this one of ${last.issued}: nothing says what was delivered after it`;
  return [{ number: last.number, name: last.name, problem }];
}

const LATE_MS = 10 * 60_000;
