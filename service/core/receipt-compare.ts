import { addCells, type Cell, keyOf } from './books.ts';
import { addDigests, type Digest, NO_DIGEST } from './digest.ts';

/** Compares what receipts say with what is in the log streams. Pure. */

/** What one stream and hour should hold, and holds. Absent: nothing. */
export interface CellPair {
  readonly group: string;
  readonly stream: string;
  readonly hour: number;
  readonly expected: Contents;
  readonly found: Contents;
}

export type Contents = Pick<Cell, 'events' | 'bytes' | 'digest'>;

const NOTHING: Contents = { events: 0, bytes: 0, digest: NO_DIGEST };

/** Cells of the same stream and hour made one. */
export function sumCells(cells: Iterable<Cell>): Map<string, Cell> {
  const sums = new Map<string, Cell>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const before = sums.get(key);
    sums.set(key, before ? addCells(before, cell) : cell);
  }
  return sums;
}

/** The streams and hours in which the two differ, in the order of their names. */
export function differences(expected: ReadonlyMap<string, Cell>, found: ReadonlyMap<string, Cell>): CellPair[] {
  const keys = new Set([...expected.keys(), ...found.keys()]);
  return [...keys].sort().flatMap((key) => {
    const [should, does] = [expected.get(key), found.get(key)];
    const named = should ?? does;
    if (!named || isSame(should ?? NOTHING, does ?? NOTHING)) return [];
    const { group, stream, hour } = named;
    return [{ group, stream, hour, expected: should ?? NOTHING, found: does ?? NOTHING }];
  });
}

export function isSame(a: Contents, b: Contents): boolean {
  return a.events === b.events && a.bytes === b.bytes && isSameDigest(a.digest, b.digest);
}

function isSameDigest(a: Digest, b: Digest): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/** What `found` has more than `expected`, as numbers that may be negative and a digest that is modulo 2^64 in each lane. */
export function surplusOf({ expected, found }: Pick<CellPair, 'expected' | 'found'>): Contents {
  return {
    events: found.events - expected.events,
    bytes: found.bytes - expected.bytes,
    digest: addDigests(found.digest, negative(expected.digest)),
  };
}

function negative({ lo, hi }: Digest): Digest {
  return { lo: BigInt.asUintN(64, -lo), hi: BigInt.asUintN(64, -hi) };
}

/** For each difference that lacks exactly what another one of the same hour has too much: that other one. */
export function findMoved(pairs: readonly CellPair[]): ReadonlyMap<CellPair, CellPair> {
  const nameOf = (hour: number, { events, bytes, digest }: Contents) =>
    `${hour}/${events}/${bytes}/${digest.lo}/${digest.hi}`;
  const surpluses = new Map(pairs.map((pair) => [nameOf(pair.hour, surplusOf(pair)), pair]));
  const moved = new Map<CellPair, CellPair>();
  for (const pair of pairs) {
    const { events, bytes, digest } = surplusOf(pair);
    if (events >= 0) continue;
    const other = surpluses.get(nameOf(pair.hour, { events: -events, bytes: -bytes, digest: negative(digest) }));
    if (other && !moved.has(other)) {
      moved.set(pair, other);
      moved.set(other, pair);
    }
  }
  return moved;
}

/** An event as it was read back. */
export interface FoundEvent {
  readonly digest: Digest;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly timestamp: number;
  /** When CloudWatch Logs took it, epoch milliseconds: the same for all events of a call. */
  readonly ingestedMs: number;
}

/** What explains a surplus of events in one stream and hour. */
export type Explanation =
  /** Exact copies of events that are there: what a crash may cause. */
  | { readonly kind: 'repeated'; readonly events: number }
  /** Exactly these events are too many, and no receipt has them: somebody else wrote them. */
  | { readonly kind: 'foreign'; readonly timestamps: readonly number[] }
  /** All that is too much may belong to objects that no receipt can have yet. */
  | { readonly kind: 'unsettled'; readonly events: number };

/**
 * Explains a surplus, where it can be explained for certain: sets of events whose digests add up to it.
 * @param settledMs what was taken after this may belong to an object that was not finished when the last receipt was issued
 * @returns undefined where nothing explains it
 */
export function explainSurplus(
  surplus: Contents,
  events: readonly FoundEvent[],
  settledMs: number,
): Explanation | undefined {
  if (surplus.events <= 0) return undefined;
  const copies = copiesAmong(events);
  if (isSame(surplus, sumOf(copies))) return { kind: 'repeated', events: copies.length };
  const ofCalls = repeatedCalls(events, copies);
  if (isSame(surplus, sumOf(ofCalls))) return { kind: 'repeated', events: ofCalls.length };
  const exact = exactly(surplus, events);
  if (exact) {
    const repeated = exact.every((event) => copies.some(({ digest }) => isSameDigest(digest, event.digest)));
    if (repeated) return { kind: 'repeated', events: exact.length };
    if (exact.every(({ ingestedMs }) => ingestedMs <= settledMs))
      return { kind: 'foreign', timestamps: exact.map(({ timestamp }) => timestamp) };
  }
  const late = events.filter(({ ingestedMs }) => ingestedMs > settledMs);
  return late.length >= surplus.events ? { kind: 'unsettled', events: surplus.events } : undefined;
}

/** Of events that are there more than once, all but the one that came first. */
function copiesAmong(events: readonly FoundEvent[]): FoundEvent[] {
  const seen = new Set<string>();
  return events
    .toSorted((a, b) => a.ingestedMs - b.ingestedMs)
    .filter(({ digest }) => {
      const name = digestName(digest);
      if (seen.has(name)) return true;
      seen.add(name);
      return false;
    });
}

/**
 * The events of calls that brought nothing but copies. The copies of one call that stand in the object twice are none of a crash; so
 * these are all copies only where objects repeat themselves nowhere.
 */
function repeatedCalls(events: readonly FoundEvent[], copies: readonly FoundEvent[]): FoundEvent[] {
  const ofCall = Map.groupBy(events, ({ ingestedMs }) => ingestedMs);
  const copiesOfCall = Map.groupBy(copies, ({ ingestedMs }) => ingestedMs);
  return [...ofCall].flatMap(([call, all]) => (copiesOfCall.get(call)?.length === all.length ? all : []));
}

/** One or two events that are the surplus. */
function exactly(surplus: Contents, events: readonly FoundEvent[]): FoundEvent[] | undefined {
  if (surplus.events > 2) return undefined;
  const wanted = digestName(surplus.digest);
  if (surplus.events === 1) {
    const one = events.find(({ digest }) => digestName(digest) === wanted);
    return one ? [one] : undefined;
  }
  const seen = new Map<string, FoundEvent>();
  for (const event of events) {
    const other = seen.get(digestName(addDigests(surplus.digest, negative(event.digest))));
    if (other) return [other, event];
    seen.set(digestName(event.digest), event);
  }
  return undefined;
}

function sumOf(events: readonly FoundEvent[]): Contents {
  return events.reduce<Contents>(
    (sum, { bytes, digest }) => ({
      events: sum.events + 1,
      bytes: sum.bytes + bytes,
      digest: addDigests(sum.digest, digest),
    }),
    NOTHING,
  );
}

function digestName({ lo, hi }: Digest): string {
  return `${hi}/${lo}`;
}
