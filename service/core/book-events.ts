import { present } from '../base/present.ts';
import { type Books, type Cell, HOUR_MS } from './books.ts';
import type { DigestedEvents } from './chunk.ts';
import { addDigests, digestOf, NO_DIGEST } from './digest.ts';
import { type Batch, type ChunkPlan, messageText, timeOf } from './plan.ts';

/**
 * The books of the events of a batch whose places are from `from` to before `to`: those that the destination took. A batch is in the
 * order of its times, and spans 24 hours at most (core/limits.ts).
 */
export function bookEvents(plan: ChunkPlan, { route, events }: Batch, from: number, to: number): Books {
  const cells: Cell[] = [];
  for (let at = from; at < to; ) {
    const hour = Math.floor(timeAt(plan, events, at) / HOUR_MS);
    const end = firstFrom(plan, events, (hour + 1) * HOUR_MS, at, to);
    const { digest, bytes } = digestEvents(plan, events.subarray(at, end));
    cells.push({ group: route.group, stream: route.stream, hour, events: end - at, bytes, digest });
    at = end;
  }
  return { cells, covered: true };
}

/** The first place whose event is of this time or later. */
function firstFrom(plan: ChunkPlan, events: Uint32Array, timeMs: number, from: number, to: number): number {
  if (timeAt(plan, events, to - 1) < timeMs) return to;
  let [low, high] = [from, to - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeAt(plan, events, middle) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timeAt(plan: ChunkPlan, events: Uint32Array, at: number): number {
  return timeOf(plan, present(events[at], 'the event of a batch'));
}

/** By the kernel where it has the messages. It has no parts of split records. */
function digestEvents(plan: ChunkPlan, events: Uint32Array): DigestedEvents {
  const { count, messages } = plan.chunk;
  const isRecord = (event: number) => event < count;
  const records = plan.parts.length === 0 ? events : events.filter(isRecord);
  const byKernel = messages.digestEvents?.(records, plan.timesMs);
  if (!byKernel) return digestPlainly(plan, events);
  if (records.length === events.length) return byKernel;
  const parts = digestPlainly(
    plan,
    events.filter((event) => !isRecord(event)),
  );
  return { digest: addDigests(byKernel.digest, parts.digest), bytes: byKernel.bytes + parts.bytes };
}

function digestPlainly(plan: ChunkPlan, events: Uint32Array): DigestedEvents {
  let digest = NO_DIGEST;
  let bytes = 0;
  for (const event of events) {
    const message = Buffer.from(messageText(plan, event));
    digest = addDigests(digest, digestOf(message, timeOf(plan, event)));
    bytes += message.length;
  }
  return { digest, bytes };
}
