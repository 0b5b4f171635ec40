import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import nodeTimers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { type Actor, theWorld, type World, worldNow } from './world.ts';

/**
 * Node's clocks, timers and chance, by the virtual ones while a world runs. Outside of one they are Node's own, so that the test runner
 * notices nothing.
 */
export function installClocks(): void {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate };
  const realDate = Date.now;
  const realRandom = Math.random;
  const realUuid = crypto.randomUUID;
  const realPerformance = globalThis.performance;
  const realDelay = timersPromises.setTimeout;

  const timeout = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    theWorld() ? new Timer(worldNow(), ms, false, () => callback(...args)) : real.setTimeout(callback, ms, ...args);
  const interval = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    theWorld() ? new Timer(worldNow(), ms, true, () => callback(...args)) : real.setInterval(callback, ms, ...args);
  const immediate = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    theWorld() ? new Timer(worldNow(), 0, false, () => callback(...args)) : real.setImmediate(callback, ...args);
  const clear = (timer: unknown) =>
    timer instanceof Timer ? timer.stop() : real.clearTimeout(timer as NodeJS.Timeout);
  const clearSoon = (timer: unknown) =>
    timer instanceof Timer ? timer.stop() : real.clearImmediate(timer as NodeJS.Immediate);

  const globals = {
    setTimeout: timeout,
    setInterval: interval,
    setImmediate: immediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clearSoon,
  };
  Object.assign(globalThis, globals);
  Object.assign(nodeTimers, globals);
  Object.assign(timersPromises, {
    setTimeout: (ms?: number, value?: unknown, options?: { signal?: AbortSignal }) =>
      theWorld() ? delay(ms, value, options?.signal) : realDelay(ms, value, options),
  });
  Object.assign(crypto, { randomUUID: () => (theWorld() ? worldNow().random.uuid() : realUuid()) });
  syncBuiltinESMExports();

  Math.random = () => (theWorld() ? worldNow().random.uniform() : realRandom());
  Date.now = () => (theWorld() ? hostMs() : realDate());
  Object.defineProperty(globalThis, 'performance', {
    configurable: true,
    value: new Proxy(realPerformance, {
      get(target, name) {
        if (theWorld() && name === 'now') return monotonicMs;
        if (theWorld() && name === 'timeOrigin') return actorNow().origin.hostMs;
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
  });
  AbortSignal.timeout = (ms: number) => {
    const controller = new AbortController();
    timeout(() => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), ms);
    return controller.signal;
  };
}

/** @throws Error when the service asks for something of an actor in nobody's turn */
function actorNow(): Actor {
  const { actor } = worldNow();
  if (!actor) throw new Error("a clock or a timer was asked for in nobody's turn");
  return actor;
}

function monotonicMs(): number {
  return worldNow().nowMs - actorNow().origin.trueMs;
}

function hostMs(): number {
  return worldNow().nowMs + actorNow().process.hostAheadMs;
}

class Timer implements Disposable {
  #withdraw: () => void = () => {};
  readonly #start: () => void;

  constructor(world: World, ms: number | undefined, again: boolean, callback: () => void) {
    const actor = actorNow();
    // Node's own: what is no time, or too long a one, is a millisecond.
    const waitMs = ms !== undefined && ms >= 1 && ms < 2 ** 31 ? Math.trunc(ms) : 1;
    this.#start = () => {
      this.#withdraw = world.after(waitMs, actor, () => {
        if (again) this.#start();
        callback();
      });
    };
    this.#start();
  }

  stop(): void {
    this.#withdraw();
  }

  refresh(): this {
    this.#withdraw();
    this.#start();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function delay<T>(ms: number | undefined, value: T, signal: AbortSignal | undefined): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const aborted = () =>
    Object.assign(new DOMException('The operation was aborted', 'AbortError'), { cause: signal?.reason });
  if (signal?.aborted) return Promise.reject(aborted());
  const leave = () => {
    timer.stop();
    reject(aborted());
  };
  const timer = new Timer(worldNow(), ms, false, () => {
    signal?.removeEventListener('abort', leave);
    resolve(value);
  });
  signal?.addEventListener('abort', leave, { once: true });
  return promise;
}
