import { EventEmitter } from 'node:events';
import type { WorkerOptions } from 'node:worker_threads';
import { runThread } from '../../../service/compose/thread.ts';
import { createJournalLogger } from '../logger.ts';
import { type Actor, worldNow } from '../world.ts';

/**
 * In the place of node:worker_threads: a thread is an actor of its own in this one. Messages are copied and come in order; what is sent
 * before it runs waits for it; when it ends, all it was at ends with it.
 */

/** A message to another thread takes this long, milliseconds. */
const HAND_OVER_MS = 0.02;
/** A thread has to load what it runs. */
const START_MS = { least: 30, spread: 170 };

const running = new WeakMap<Actor, Set<Worker>>();
/** Threads of each process so far, for their names. */
const counted = new WeakMap<Actor, number>();

/** Those of a process that run. */
export function threadsOf(process: Actor): Worker[] {
  return [...(running.get(process) ?? [])];
}

export class Worker extends EventEmitter {
  readonly #world = worldNow();
  readonly #main: Actor;
  readonly #actor: Actor;
  readonly #port = new EventEmitter();
  #waiting: unknown[] | undefined = [];

  constructor(_script: URL, { workerData }: WorkerOptions) {
    super();
    const main = this.#world.actor;
    if (!main) throw new Error("a thread is started in nobody's turn");
    const number = (counted.get(main) ?? 0) + 1;
    counted.set(main, number);
    this.#main = main;
    const { nowMs } = this.#world;
    this.#actor = {
      name: `${main.name}/${number}`,
      process: main,
      alive: true,
      frozenUntilMs: 0,
      hostAheadMs: main.hostAheadMs,
      origin: { hostMs: nowMs + main.hostAheadMs, trueMs: nowMs },
    };
    const settings = structuredClone(workerData);
    running.set(main, (running.get(main) ?? new Set()).add(this));
    this.#world.after(START_MS.least + this.#world.random.uniform() * START_MS.spread, this.#actor, () => {
      const port = { on: this.#port.on.bind(this.#port), postMessage: (message: unknown) => this.#tellMain(message) };
      runThread({ port: port as never, settings, logger: createJournalLogger(this.#world, this.#actor) });
      for (const message of this.#waiting ?? []) this.#port.emit('message', message);
      this.#waiting = undefined;
    });
  }

  postMessage(message: unknown): void {
    const copy = structuredClone(message);
    this.#world.after(HAND_OVER_MS, this.#actor, () => {
      if (this.#waiting) this.#waiting.push(copy);
      else this.#port.emit('message', copy);
    });
  }

  #tellMain(message: unknown): void {
    const copy = structuredClone(message);
    this.#world.after(HAND_OVER_MS, this.#main, () => this.emit('message', copy));
  }

  /** It ends by itself, as after a crash. */
  crash(): void {
    if (this.#end()) this.#world.after(HAND_OVER_MS, this.#main, () => this.emit('exit', 1));
  }

  terminate(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = this.#end();
    this.#world.after(HAND_OVER_MS, this.#main, () => {
      if (first) this.emit('exit', 1);
      resolve(1);
    });
    return promise;
  }

  #end(): boolean {
    const wasAlive = this.#actor.alive;
    this.#actor.alive = false;
    running.get(this.#main)?.delete(this);
    return wasAlive;
  }
}

export const parentPort = null;
export const threadId = 0;
export const workerData = undefined;
