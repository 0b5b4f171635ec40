import type { Settings } from '../../../service/base/settings.ts';
import type { Actor, World } from '../world.ts';
import { instrumentsOf } from './instruments.ts';

/**
 * What a process may hold at most, by its settings: written apart from the service's own rules on purpose. Numbers are those of
 * docs/reference/limits.md.
 */
const OBJECTS_PER_THREAD = 4;
const PREFETCH = 20;
const LEAVING_MAX = 100;
/** Room that was there when a receive began may be used when it ends: a long poll, and what a slow network adds. */
const RECEIVE_MS = 30_000;

/** Looks at a process after each of its turns, and finds each kind of excess once. */
export function createLimitCheck(
  world: Pick<World, 'nowMs'>,
  { workerThreads, memoryBudgetBytes }: Pick<Settings, 'workerThreads' | 'memoryBudgetBytes'>,
  find: (what: string) => void,
): (actor: Actor) => void {
  const messagesMax = workerThreads * OBJECTS_PER_THREAD + PREFETCH;
  const extras = new WeakMap<Actor, (size: number, behind: number) => number>();
  const found = new Set<string>();
  const once = (kind: string, what: string) => {
    if (!found.has(kind)) find(what);
    found.add(kind);
  };
  const extraOf = (process: Actor) => {
    const extra = extras.get(process) ?? createExtra(world, messagesMax);
    extras.set(process, extra);
    return extra;
  };
  return ({ process }) => {
    const { scheduler, inFlight } = instrumentsOf(process);
    if (!scheduler || !inFlight) return;
    const { reservedBytes, behindBulkhead } = scheduler;
    if (reservedBytes > memoryBudgetBytes)
      once('memory', `${process.name} has reserved ${reservedBytes} bytes of a budget of ${memoryBudgetBytes}`);
    const allowed = messagesMax + extraOf(process)(inFlight.size, behindBulkhead);
    const messages = inFlight.size - Math.min(LEAVING_MAX, inFlight.leaving);
    if (messages > allowed)
      once('messages', `${process.name} has ${messages} messages in flight, and may have ${allowed}`);
  };
}

/**
 * Messages beyond the ordinary limit: one for each object that is behind the bulkhead, or was when a message was asked for that is
 * still there.
 */
function createExtra(world: Pick<World, 'nowMs'>, messagesMax: number): (size: number, behind: number) => number {
  /** The most behind the bulkhead in the time of a receive that runs, and in the one before. */
  let [lately, before, sinceMs] = [0, 0, world.nowMs];
  let kept = 0;
  return (size, behind) => {
    if (world.nowMs - sinceMs >= RECEIVE_MS) [before, lately, sinceMs] = [lately, 0, world.nowMs];
    lately = Math.max(lately, behind);
    kept = Math.max(size > messagesMax ? kept : 0, lately, before);
    return kept;
  };
}
