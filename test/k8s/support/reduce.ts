import { z } from 'zod';
import type { reduceTransform } from './vector-reference.ts';
import { type Event, holds } from './vrl.ts';

type Reduce = z.output<typeof reduceTransform>;

interface Group {
  readonly events: number;
  readonly fields: Event;
}

/**
 * What Vector's `reduce` makes of events, its source flushed at the end (Vector 0.58, src/transforms/reduce/transform.rs). Time does not
 * pass: nothing expires in between. A field without a strategy keeps its first value when it is text or a boolean; numbers
 * and times, which Vector would add up or double, must have one.
 */
export function reduce(transform: Reduce, batch: readonly Event[]): Event[] {
  const { group_by, max_events = Number.POSITIVE_INFINITY, starts_when, ends_when } = transform;
  const starts = starts_when === undefined ? [] : holds(starts_when, batch);
  const ends = ends_when === undefined ? [] : holds(ends_when, batch);
  const groups = new Map<string, Group>();
  const flushed: Event[] = [];
  const flush = (key: string) => {
    const group = groups.get(key);
    groups.delete(key);
    if (group) flushed.push(group.fields);
  };
  for (const [at, event] of batch.entries()) {
    const key = JSON.stringify(group_by.map((name) => event[name]));
    if (starts[at]) flush(key);
    const before = groups.get(key);
    const events = (before?.events ?? 0) + 1;
    groups.set(key, { events, fields: before ? merged(transform, before.fields, event) : event });
    if (!starts[at] && (ends[at] || events === max_events)) flush(key);
  }
  for (const key of [...groups.keys()]) flush(key);
  return flushed;
}

function merged({ merge_strategies }: Reduce, first: Event, next: Event): Event {
  const fields = Object.entries({ ...next, ...first }).map(([name, value]) => {
    const strategy = merge_strategies[name];
    if (strategy === 'concat_raw' || strategy === 'concat_newline') {
      const joint = strategy === 'concat_raw' ? '' : '\n';
      return [name, [first[name], next[name]].map((text) => z.string().parse(text)).join(joint)];
    }
    const kept = strategy === 'discard' || typeof value === 'boolean' || isPlainText(name, value);
    if (!kept) throw new Error(`${name} needs a merge strategy`);
    return [name, value];
  });
  return Object.fromEntries(fields);
}

/** Times are texts in these tests, and timestamps in Vector. */
function isPlainText(name: string, value: unknown): boolean {
  return typeof value === 'string' && !name.endsWith('timestamp');
}
