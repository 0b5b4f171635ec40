import type { HeldPlace } from '../../delivery/call-watch.ts';
import type { ToWorker } from './protocol.ts';

/**
 * What every worker thread must know before it calls anybody: destinations that have a rate limit, and places that do not answer.
 * Whoever finds something out writes it here; a thread that starts later learns all of it.
 */
export interface ThreadRules {
  /** The destination has a rate limit from now on, or no longer. */
  limit(destination: string, limited: boolean): void;
  /** Nothing at the place answers, or, without `held`, something does again. */
  holdPlace(key: string, held: HeldPlace | undefined): void;
  /** All that holds now. */
  all(): readonly ToWorker[];
  /** @param listener told of every change from now on */
  onChange(listener: (change: ToWorker) => void): void;
}

export function createThreadRules(): ThreadRules {
  const limited = new Set<string>();
  const heldPlaces = new Map<string, HeldPlace>();
  const listeners: ((change: ToWorker) => void)[] = [];
  const tell = (change: ToWorker) => {
    for (const listener of listeners) listener(change);
  };
  return {
    limit(destination, isLimited) {
      if (isLimited) limited.add(destination);
      else limited.delete(destination);
      tell({ kind: 'limit', destination, limited: isLimited });
    },
    holdPlace(key, held) {
      if (held) heldPlaces.set(key, held);
      else heldPlaces.delete(key);
      tell(held ? { kind: 'place', key, held } : { kind: 'place', key });
    },
    all: () => [
      ...[...heldPlaces].map(([key, held]) => ({ kind: 'place', key, held }) as const),
      ...[...limited].map((destination) => ({ kind: 'limit', destination, limited: true }) as const),
    ],
    onChange(listener) {
      listeners.push(listener);
    },
  };
}
