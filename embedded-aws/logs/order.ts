import { type Batch, eventsOf, type LogEvent } from './store.ts';

/** An event with its place in the order of reading: by time, then by the order in which they were accepted. */
export interface OrderedEvent extends LogEvent, Position {
  readonly batch: Batch;
}

export interface Position {
  readonly timestamp: number;
  readonly sequence: number;
}

export interface Range {
  /** Both inclusive, epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Only events strictly beyond it, in the direction of reading. */
  readonly beyond: Position | undefined;
}

/**
 * Events of batches in their order, forward or backward. A batch is read only when its turn comes: a page of a large
 * stream costs about a page.
 */
export function* inOrder(
  batches: Iterable<Batch>,
  direction: 'forward' | 'backward',
  range: Range,
): Generator<OrderedEvent, void, undefined> {
  const sign = direction === 'forward' ? 1 : -1;
  const edge = (batch: Batch) => (direction === 'forward' ? batch.firstMs : batch.lastMs);
  const compare = (a: Position, b: Position) => sign * (a.timestamp - b.timestamp || a.sequence - b.sequence);
  const inside = (event: Position) =>
    event.timestamp >= range.startMs &&
    event.timestamp <= range.endMs &&
    (range.beyond === undefined || compare(event, range.beyond) > 0);

  const queue = [...batches].filter((batch) => overlaps(batch, range, direction));
  queue.sort((a, b) => sign * (edge(a) - edge(b)));
  let waiting: OrderedEvent[] = [];
  for (const [i, batch] of queue.entries()) {
    for (const [j, { timestamp, message }] of eventsOf(batch).entries()) {
      const event = { timestamp, message, sequence: batch.sequence + j, batch };
      if (inside(event)) waiting.push(event);
    }
    waiting.sort(compare);
    const next = queue[i + 1];
    // No later batch can have an event before its own edge.
    const ready =
      next === undefined ? waiting.length : countWhile(waiting, (e) => sign * (edge(next) - e.timestamp) > 0);
    yield* waiting.slice(0, ready);
    waiting = waiting.slice(ready);
  }
}

function overlaps(batch: Batch, { startMs, endMs, beyond }: Range, direction: 'forward' | 'backward'): boolean {
  if (batch.lastMs < startMs || batch.firstMs > endMs) return false;
  if (beyond === undefined) return true;
  return direction === 'forward' ? batch.lastMs >= beyond.timestamp : batch.firstMs <= beyond.timestamp;
}

function countWhile<T>(items: readonly T[], holds: (item: T) => boolean): number {
  const end = items.findIndex((item) => !holds(item));
  return end < 0 ? items.length : end;
}
