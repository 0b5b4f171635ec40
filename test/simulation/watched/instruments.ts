import type { InFlight } from '../../../service/run/queue/in-flight.ts';
import type { Scheduler } from '../../../service/run/schedule/scheduler.ts';
import type { Workable } from '../../../service/run/watch/workable.ts';
import { type Actor, worldNow } from '../world.ts';

/** What of a simulated process can be looked into: its own book-keeping, and its gauges. */
export interface Instruments {
  readonly scheduler?: Scheduler;
  readonly inFlight?: InFlight;
  /** Sets the gauges, as for a scrape. */
  readonly observe?: () => void;
  /** What the gauges say of the work that waits, as of then. */
  readonly workable?: Workable;
}

const all = new WeakMap<Actor, Instruments>();

/** Notes what the process whose turn it is has made. */
export function watch(instruments: Instruments): void {
  const { actor } = worldNow();
  if (!actor) throw new Error("something is made in nobody's turn");
  all.set(actor.process, { ...all.get(actor.process), ...instruments });
}

/** Of a process, or of the process of a thread. */
export function instrumentsOf({ process }: Actor): Instruments {
  return all.get(process) ?? {};
}
