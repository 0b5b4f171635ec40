import type { Metrics } from '../../../service/base/metrics.ts';
import type { InFlight } from '../../../service/run/queue/in-flight.ts';
import type { Scheduler } from '../../../service/run/schedule/scheduler.ts';
import { type Actor, worldNow } from '../world.ts';

/** What of a simulated process can be looked into: its own book-keeping, and its gauges. */
export interface Instruments {
  readonly scheduler?: Scheduler;
  readonly inFlight?: InFlight;
  /** @returns its metrics, with the gauges as they stand now */
  readonly gauges?: () => Metrics;
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
