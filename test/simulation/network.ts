import type { Called, Weather } from './weather.ts';
import { brokenConnection, refusal } from './weather.ts';
import { type Actor, type World, worldNow } from './world.ts';

/**
 * Between a task and AWS. A request takes a while to arrive, is executed in one step, and its answer takes a while to come back. What
 * is under way arrives although its sender has died or given up; an answer to the dead is heard by nobody.
 */
export interface Network {
  /**
   * One attempt at a call, for the actor whose turn it is.
   * @param execute is called when the request arrives; answers, or throws as AWS does
   * @throws as the service's own calls do: what AWS says, what a broken connection is, a TimeoutError, an AbortError
   */
  call<T>(request: Request, execute: () => T): Promise<T>;
  /** The same where the answer may wait. @param begin is given what answers, and whether anybody still listens */
  open<T>(request: Request, begin: (answer: (outcome: () => T) => void, isLeft: () => boolean) => void): Promise<T>;
}

export interface Request extends Called {
  /** What it is about, for the journal. */
  readonly about: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * Called in the caller's turn, when the call is about to leave: what it throws ends the call, which nobody executes then. Who gives
   * such a call up resets its connection, so that what still waits at the sender never arrives.
   */
  readonly beforeExecution?: (() => void) | undefined;
  /** Told when the answer is heard, with AWS's clock when it was written. */
  readonly onHeard?: ((awsMs: number, worked: boolean) => void) | undefined;
}

export interface NetworkDeps {
  readonly weather: Weather;
  /** Told of each call right after it was executed, before its caller hears of it. */
  readonly onExecuted: (call: Request, actor: Actor, worked: boolean) => void;
  /** Where calls do not all take the same few milliseconds. */
  readonly times?: Times;
}

export interface Times {
  /** One way, milliseconds. */
  wayMs(call: Request): number;
  /** How much later the caller goes on, as there is that much to transfer and to compute. */
  workMs(call: Request, actor: Actor): number;
}

/** One way, milliseconds. */
const LEAST_MS = 1;
const SPREAD_MS = 9;

export function createNetwork(world: World, { weather, onExecuted, times }: NetworkDeps): Network {
  const wayOf = times?.wayMs ?? (() => LEAST_MS + world.random.uniform() * SPREAD_MS);

  const open: Network['open'] = <T>(
    request: Request,
    begin: (answer: (outcome: () => T) => void, isLeft: () => boolean) => void,
  ) => {
    const actor = worldNow().actor;
    if (!actor) throw new Error(`${request.operation} is called in nobody's turn`);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { signal, timeoutMs } = request;
    const way = () => wayOf(request);
    let isOver = false;
    const settle = (act: () => void) => {
      if (isOver) return;
      isOver = true;
      stopWaiting();
      signal?.removeEventListener('abort', leave);
      act();
    };
    const leave = () => settle(() => reject(new DOMException('the call was cancelled', 'AbortError')));
    const stopWaiting = world.after(timeoutMs, actor, () => {
      settle(() => reject(new DOMException(`no answer within ${timeoutMs} ms`, 'TimeoutError')));
    });
    if (signal?.aborted) {
      leave();
      return promise;
    }
    signal?.addEventListener('abort', leave, { once: true });

    const say = (what: string) =>
      world.note(`${actor.name} ${request.service}.${request.operation} ${request.about}: ${what}`);
    const hear = (ms: number, act: () => void) => world.after(ms, actor, () => settle(act));
    const fail = (error: Error, ms = way()) => hear(ms, () => reject(error));

    const arrive = (effect: ReturnType<Weather['strike']>) => {
      switch (effect?.kind) {
        case 'lost':
          return say('lost');
        case 'refused':
          say(effect.name);
          return fail(refusal(effect));
        case 'reset':
          if (effect.when === 'before') {
            say('reset');
            return fail(brokenConnection());
          }
      }
      const answer = (outcome: () => T) => {
        const awsMs = world.nowMs;
        let value: T;
        try {
          value = outcome();
        } catch (error) {
          if (!(error instanceof Error && '$metadata' in error)) throw error;
          say(`${error.name}${effect ? `, ${effect.kind}` : ''}`);
          onExecuted(request, actor, false);
          if (effect?.kind === 'unheard') return;
          hear(way() + lateness(effect), () => {
            request.onHeard?.(awsMs, false);
            reject(error);
          });
          return;
        }
        say(`ok${effect ? `, ${effect.kind}` : ''}`);
        onExecuted(request, actor, true);
        if (effect?.kind === 'unheard') return;
        if (effect?.kind === 'reset') return void fail(brokenConnection());
        hear(way() + lateness(effect) + (times?.workMs(request, actor) ?? 0), () => {
          request.onHeard?.(awsMs, true);
          resolve(value);
        });
      };
      begin(answer, () => isOver);
    };
    const { beforeExecution } = request;
    const depart = () =>
      world.after(way(), undefined, () => {
        const effect = weather.strike(request);
        if (effect?.kind !== 'delayed') return arrive(effect);
        say(`delayed for ${effect.ms} ms`);
        world.after(effect.ms, undefined, () => {
          if (beforeExecution && effect.at === 'sender' && isOver) say('thrown away');
          else arrive(effect);
        });
      });
    if (!beforeExecution) depart();
    else
      world.after(way(), actor, () => {
        if (isOver) return;
        try {
          beforeExecution();
        } catch (error) {
          return settle(() => reject(error));
        }
        depart();
      });
    return promise;
  };

  return { open, call: (request, execute) => open(request, (answer) => answer(execute)) };
}

function lateness(effect: ReturnType<Weather['strike']>): number {
  return effect?.kind === 'late' ? effect.ms : 0;
}
