import type { Settings } from '../../../service/base/settings.ts';
import type { Actor } from '../world.ts';
import { instrumentsOf } from './instruments.ts';

/**
 * What a process may hold at most, by its settings: written apart from the service's own rules on purpose. Numbers are those of
 * docs/reference/limits.md.
 */
const OBJECTS_PER_THREAD = 4;
const PREFETCH = 20;
const BULKHEAD_PLACES = 64;

export function limitsOf({ workerThreads, memoryBudgetBytes }: Pick<Settings, 'workerThreads' | 'memoryBudgetBytes'>) {
  return {
    memoryBytes: memoryBudgetBytes,
    messages: workerThreads * OBJECTS_PER_THREAD + PREFETCH + BULKHEAD_PLACES,
  };
}

/** Looks at a process after each of its turns, and finds each kind of excess once. */
export function createLimitCheck(settings: Settings, find: (what: string) => void): (actor: Actor) => void {
  const limits = limitsOf(settings);
  const found = new Set<string>();
  const once = (kind: string, what: string) => {
    if (found.has(kind)) return;
    found.add(kind);
    find(what);
  };
  return (actor) => {
    const { scheduler, inFlight } = instrumentsOf(actor);
    const reserved = scheduler?.reservedBytes ?? 0;
    if (reserved > limits.memoryBytes)
      once('memory', `${actor.process.name} has reserved ${reserved} bytes of a budget of ${limits.memoryBytes}`);
    const messages = inFlight?.size ?? 0;
    if (messages > limits.messages)
      once(
        'messages',
        `${actor.process.name} has ${messages} messages in flight, ${limits.messages} at most are allowed`,
      );
  };
}
