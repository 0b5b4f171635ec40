import { createRandom } from '../../../local/workload/random.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { HOUR_MS } from '../../../service/core/books.ts';

export interface DeliveredEvent {
  /** Epoch milliseconds. */
  readonly timestamp: number;
  readonly message: string;
}

/** By log stream. */
export type Delivered = ReadonlyMap<string, readonly DeliveredEvent[]>;

export interface EventsOptions {
  readonly seed: string;
  readonly events: number;
  readonly streams: number;
  readonly hours: number;
  readonly startMs: number;
}

/** Lines of the workload, in turn for each stream, at any time of the hours. */
export function makeEvents({ seed, events, streams, hours, startMs }: EventsOptions): Delivered {
  const next = createRecordSource({ seed, tenantId: 'acme', clusterId: 'c-1', environment: 'prod' });
  const random = createRandom(`${seed}/times`);
  const made = new Map<string, DeliveredEvent[]>();
  for (let at = 0; at < streams; at++) made.set(`stream-${String(at).padStart(4, '0')}`, []);
  const lists = [...made.values()];
  for (let at = 0; at < events; at++) {
    const timestamp = startMs + random.below(hours * HOUR_MS);
    lists[at % streams]?.push({ timestamp, message: next(timestamp).message });
  }
  return made;
}
