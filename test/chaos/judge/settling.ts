import type { Put } from '../journal.ts';
import type { Evidence } from './evidence.ts';

/**
 * Which copies `exactly_once` must have prevented. Its rule has one limit that faults of the network reach
 * (docs/decisions/0012-exactly-once.md): what is executed so late, or shown so late, that whoever went on had waited for it as long as it
 * has to, is repeated. Written apart from the service on purpose.
 */
export interface Settling {
  /**
   * @param copies calls that brought the same event
   * @returns those of them that made a copy of what could be known
   */
  preventable(copies: readonly Put[], object: string, delivery: string): readonly Put[];
}

/** By so much the clocks of AWS's services, and what the service knows of them, may differ. */
const CLOCKS_MS = 1_000;

export function createSettling({ acquisitions, settleMs }: Pick<Evidence, 'acquisitions' | 'settleMs'>): Settling {
  const takings = Map.groupBy(acquisitions, ({ object, delivery }) => `${object} ${delivery}`);
  return {
    preventable(copies, object, delivery) {
      const taken = takings.get(`${object} ${delivery}`) ?? [];
      /** When who made the next call could stop to wait for what this one did. */
      const settledMs = (put: Put, next: Put): number | undefined => {
        if (settleMs === undefined) return undefined;
        const lease = taken.findLast(({ order }) => order < sentOf(next));
        const fromMs = lease && lease.order > sentOf(put) ? lease.endedMs : put.givenUpMs;
        return fromMs === undefined ? undefined : fromMs + settleMs;
      };
      const isBeyond = (put: Put, next: Put) => {
        const untilMs = settledMs(put, next);
        return untilMs !== undefined && put.seenMs !== undefined && put.seenMs > untilMs - CLOCKS_MS;
      };
      const inOrder = copies.toSorted((a, b) => sentOf(a) - sentOf(b));
      return inOrder.filter((next, at) => inOrder.slice(0, at).some((put) => !isBeyond(put, next)));
    },
  };
}

function sentOf({ sent, order }: Put): number {
  return sent ?? order;
}
