import { createHash } from 'node:crypto';
import { createRandom, type Random } from '../../local/workload/random.ts';
import { createTimeline } from './timeline.ts';

/**
 * One virtual clock, one row of events, one journal. An event belongs to an actor, a simulated process or one of its threads, or to
 * nobody: to AWS and the network. Events happen one after another. All that follows from one, promise by promise, happens before the
 * next, so that whatever the service asks for while it runs is asked by the actor of that event.
 */
export interface World {
  /** The true time, epoch milliseconds. */
  readonly nowMs: number;
  /** Whose turn it is; undefined: AWS's, the network's, or the trial's own. */
  readonly actor: Actor | undefined;
  /** For everything that no part of the plan has drawn: latencies, and who receives what. */
  readonly random: Random;
  /** Lets something happen after so many milliseconds. @returns takes it back */
  after(ms: number, actor: Actor | undefined, act: () => void): () => void;
  /** Lets the actor do something now, as a part of the event at hand. */
  as<T>(actor: Actor | undefined, act: () => T): T;
  /** Adds a line to the journal. */
  note(text: string): void;
  /** From now on the check is made after each turn of an actor, with all that follows from it. */
  afterTurns(check: (actor: Actor) => void): void;
  /** Lets events happen until the condition holds, or none is left before that time. @returns whether it holds */
  run(until: () => boolean, untilMs: number): Promise<boolean>;
  readonly journal: Journal;
}

/** A simulated process, or a thread of one. */
export interface Actor {
  readonly name: string;
  /** The process of a thread. */
  readonly process: Actor;
  /** Events of the dead do not happen. */
  alive: boolean;
  /** Events of a frozen process wait until then. */
  frozenUntilMs: number;
  /** How far its host's clock is off now. */
  hostAheadMs: number;
  /** The host's clock when it began, and the true time then. */
  readonly origin: { readonly hostMs: number; readonly trueMs: number };
}

export interface Journal {
  /** Empty where they are not kept. */
  readonly lines: readonly string[];
  /** SHA-256 of all lines. */
  hash(): string;
}

export interface WorldOptions {
  /** A world that makes more events than this does not end. */
  readonly eventsMax?: number;
  /** Whether the journal's lines are kept, and not only their hash. */
  readonly keepsLines?: boolean;
}

const EVENTS_MAX = 2_000_000;

let current: World | undefined;

/** The world that runs; undefined: none does, and the clocks are the machine's. */
export function theWorld(): World | undefined {
  return current;
}

/** @throws Error outside of a world */
export function worldNow(): World {
  if (!current) throw new Error('this runs within a simulated world only');
  return current;
}

export function createWorld(
  seed: string,
  startMs: number,
  { eventsMax = EVENTS_MAX, keepsLines = true }: WorldOptions = {},
): World {
  const timeline = createTimeline();
  const lines: string[] = [];
  const hash = createHash('sha256');
  const checks: ((actor: Actor) => void)[] = [];
  let nowMs = startMs;
  let actor: Actor | undefined;
  let events = 0;

  const as = <T>(who: Actor | undefined, act: () => T): T => {
    const before = actor;
    actor = who;
    try {
      return act();
    } finally {
      actor = before;
    }
  };

  const world: World = {
    get nowMs() {
      return nowMs;
    },
    get actor() {
      return actor;
    },
    random: createRandom(`${seed}/world`),
    after: (ms, who, act) => timeline.add(nowMs + Math.max(0, ms), who, act),
    as,
    note(text) {
      const line = `${((nowMs - startMs) / 1000).toFixed(3)} ${text}`;
      hash.update(`${line}\n`);
      if (keepsLines) lines.push(line);
    },
    afterTurns: (check) => checks.push(check),
    async run(until, untilMs) {
      const before = current;
      current = world;
      try {
        while (!until()) {
          const next = timeline.next(untilMs);
          if (!next) {
            nowMs = Math.max(nowMs, untilMs);
            return false;
          }
          nowMs = Math.max(nowMs, next.atMs);
          const { actor: who, act } = next;
          if (who && !(who.alive && who.process.alive)) continue;
          if (who && who.process.frozenUntilMs > nowMs) {
            timeline.defer(next, who.process.frozenUntilMs);
            continue;
          }
          if (++events > eventsMax) throw new Error(`${events} events, and no end`);
          actor = who;
          act();
          // What AWS does promises nothing: only actors wait for anything.
          if (who) {
            await turn();
            for (const check of checks) check(who);
          }
          actor = undefined;
        }
        return true;
      } finally {
        current = before;
      }
    },
    journal: { lines, hash: () => hash.copy().digest('hex') },
  };
  return world;
}

const realImmediate = setImmediate;

function turn(): Promise<void> {
  return new Promise((resolve) => {
    realImmediate(resolve);
  });
}
