import type { Put } from '../journal.ts';
import type { DueEvent, FoundDelivery } from './events.ts';
import type { Evidence, Notes } from './evidence.ts';
import { createLeases } from './leases.ts';

/** What PutLogEvents adds to each event, and chunks count with it. */
const EVENT_OVERHEAD_BYTES = 26;
/** The chunk of the service: what one kill may repeat of one object. Written down again on purpose. */
export const CHUNK_BYTES_MAX = 16 * 1_042_000;

/** Finds out for each repeated event why what the first call achieved was not known to who made the next. */
export function createRepetitions(evidence: Evidence, note: Notes) {
  const { processes, requestTimeoutMs, callsOutliveHalts } = evidence;
  const leaseAt = createLeases(evidence);
  const byName = new Map(processes.map((process) => [process.name, process]));
  const events = new Map<string, number>();
  const bytes = new Map<string, number>();
  let afterTerm = 0;
  let unexplained = 0;
  const count = (counts: Map<string, number>, key: string, more: number) =>
    counts.set(key, (counts.get(key) ?? 0) + more);

  return {
    add(put: Put, next: Put | undefined, { object, truth }: FoundDelivery, event: DueEvent) {
      if (!put.answered) return;
      // Answered, and not read in time: so it is on a machine that is too busy.
      if (next?.process === put.process && next.atMs - put.atMs >= requestTimeoutMs) return;
      // Its caller gave it up, called again, and heard of that: then it arrived.
      if (next?.sent !== undefined && next.sent < put.order && !next.answered) return;
      const process = byName.get(put.process);
      const isLate =
        next !== undefined &&
        callsOutliveHalts &&
        byName.get(next.process)?.halted === true &&
        leaseAt(object, truth, next.order)?.process !== next.process;
      const silent = process?.end?.blow === 'SIGKILL' || (process?.end?.blow === 'SECOND' && process.end.status !== 0);
      if (silent || process?.halted || isLate) {
        // Of a process that was halted, a call that was under way is executed when it wakes: after the call of whoever took over.
        // One that has the lease knows what others saved, and its halt explains nothing.
        const who = silent || process?.halted ? put.process : (next?.process ?? '');
        count(events, who, 1);
        // One that was halted twice may have lost two leases of the same object.
        const lease = leaseAt(object, truth, put.sent ?? put.order)?.order;
        count(bytes, `${who} ${object.number} ${truth.name}, lease ${lease}`, event.bytes + EVENT_OVERHEAD_BYTES);
      } else if (process?.end?.blow !== undefined) {
        afterTerm++;
        note(`repeated after SIGTERM of ${put.process}: record ${event.record} of ${object.id} for ${truth.name}`);
      } else {
        unexplained++;
        note(
          `repeated without a reason, first by ${put.process}: record ${event.record} of ${object.id} for ${truth.name}`,
        );
      }
    },
    sum() {
      for (const [what, sum] of bytes) {
        if (sum <= CHUNK_BYTES_MAX) continue;
        unexplained++;
        note(`repeated ${sum} bytes, more than a chunk, for the end of ${what}`);
      }
      return {
        duplicated_after_term: afterTerm,
        unexplained,
        duplicated_max_per_kill: Math.max(0, ...events.values()),
        duplicated_bytes_max_per_kill_and_object: Math.max(0, ...bytes.values()),
      };
    },
  };
}
