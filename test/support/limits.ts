import { createRandom, type Random } from '../../local/workload/random.ts';
import { createRateLimits, type RateLimits } from '../../service/run/schedule/rate-limits.ts';
import { CALL } from './rate-limiter.ts';

/**
 * A world without real time: a destination with a limit, processes of ours that limit the rate of their calls to it as the service does, and
 * other writers who do not. The same seed gives the same run.
 */

/** Whether a destination takes a call at a time, milliseconds; asked in the order of time, once for each call. */
export type Limit = (nowMs: number) => boolean;

/** A token bucket, full at first: so many calls a second, and `seconds` of them at once; two calls at least. */
export function bucketLimit(perSecond: number | ((nowMs: number) => number), seconds = 1): Limit {
  const rateAt = typeof perSecond === 'number' ? () => perSecond : perSecond;
  let tokens = Math.max(2, rateAt(0) * seconds);
  let atMs = 0;
  return (nowMs) => {
    const rate = rateAt(nowMs);
    tokens = Math.min(Math.max(2, rate * seconds), tokens + ((nowMs - atMs) * rate) / 1000);
    atMs = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}

/** So many calls in each whole second. */
export function windowLimit(perSecond: number): Limit {
  let second = -1;
  let calls = 0;
  return (nowMs) => {
    const current = Math.floor(nowMs / 1000);
    if (current !== second) calls = 0;
    second = current;
    return ++calls <= perSecond;
  };
}

/** Refuses this share of calls, whatever their rate. */
export function randomLimit(share: number, seed: string): Limit {
  const random = createRandom(seed);
  return () => !random.chance(share);
}

export interface WorldOptions {
  readonly limit: Limit;
  readonly seed: string;
  readonly seconds: number;
  /** Processes of ours. Default 1. */
  readonly processes?: number;
  /** Calls under way or waiting in each of them. Default 16. */
  readonly callers?: number;
  /** Of a call, from and to. Default 25 to 50. */
  readonly latencyMs?: readonly [number, number];
  /** How far a process's wall clock is off. Default: not at all. */
  readonly clockOffsetMs?: (process: number) => number;
  /** Writers of the customer: so many batches a second, each tried three times, as the AWS SDK does by default. */
  readonly others?: { readonly perSecond: number; readonly untilMs?: number };
  /** The world ends when so many of our calls were accepted. */
  readonly calls?: number;
  /** Attempts of a call that is given up and begun anew. Default 12, as in `delivery/attempts.ts`. */
  readonly attemptsMax?: number;
}

export interface World {
  /** Our accepted and refused calls, and the others' accepted ones, from and to a second. */
  accepted(from: number, to: number): number;
  refused(from: number, to: number): number;
  othersAccepted(from: number, to: number): number;
  /** Calls of ours that were refused at every attempt. */
  readonly givenUp: number;
  readonly endedMs: number;
  /** The highest rate that any process had while limited, in each second. */
  readonly rates: readonly number[];
}

/** Full jitter up to this, twice as much the second time: the standard mode's for calls that are throttled. */
const SDK_BACKOFF_MS = 500;

type Schedule = (inMs: number, action: () => void) => void;

export function runWorld(options: WorldOptions): World {
  const { limit, seconds, processes = 1, callers = 16, others, calls = Number.POSITIVE_INFINITY } = options;
  const random = createRandom(options.seed);
  const events = createEvents();
  const counts = { accepted: [] as number[], refused: [] as number[], others: [] as number[] };
  const rates: number[] = [];
  const world = { nowMs: 0, accepted: 0, givenUp: 0 };
  const schedule: Schedule = (inMs, action) => events.add(world.nowMs + inMs, action);
  const count = (series: number[]) => {
    const second = Math.floor(world.nowMs / 1000);
    series[second] = (series[second] ?? 0) + 1;
  };

  for (let process = 0; process < processes; process++) {
    const offsetMs = options.clockOffsetMs?.(process) ?? 0;
    const rateLimited = createProcess(() => world.nowMs, offsetMs);
    const caller = createCaller({
      rateLimited,
      schedule,
      attemptsMax: options.attemptsMax ?? 12,
      call: (answer) => {
        const [fromMs, toMs] = options.latencyMs ?? [25, 50];
        const halfMs = (fromMs + share(random) * (toMs - fromMs)) / 2;
        schedule(halfMs, () => {
          const taken = limit(world.nowMs);
          schedule(halfMs, () => {
            count(taken ? counts.accepted : counts.refused);
            if (taken) world.accepted++;
            const second = Math.floor(world.nowMs / 1000);
            rates[second] = Math.max(rates[second] ?? 0, rateLimited.rateLimits.list()[0]?.callsPerSecond ?? 0);
            answer(taken);
          });
        });
      },
      onGivenUp: () => world.givenUp++,
    });
    for (let n = 0; n < callers; n++) schedule(process * 137 + n * 3, () => caller());
  }
  if (others) {
    const put = (attempt: number) => {
      if (limit(world.nowMs)) count(counts.others);
      else if (attempt < 3) schedule(SDK_BACKOFF_MS * 2 ** (attempt - 1) * share(random), () => put(attempt + 1));
    };
    const next = () => {
      if (world.nowMs > (others.untilMs ?? Number.POSITIVE_INFINITY)) return;
      put(1);
      schedule((1000 / others.perSecond) * (0.5 + share(random)), next);
    };
    schedule(0, next);
  }
  for (let event = events.take(); event; event = events.take()) {
    if (event.atMs > seconds * 1000 || world.accepted >= calls) break;
    world.nowMs = event.atMs;
    event.action();
  }
  const sum = (series: number[]) => (from: number, to: number) =>
    series.slice(from, to).reduce((all, each) => all + (each ?? 0), 0);
  return {
    accepted: sum(counts.accepted),
    refused: sum(counts.refused),
    othersAccepted: sum(counts.others),
    givenUp: world.givenUp,
    endedMs: world.nowMs,
    rates,
  };
}

interface LimitedProcess {
  readonly rateLimits: RateLimits;
  readonly answered: (round: number | undefined, taken: boolean) => void;
  readonly mustAsk: () => boolean;
}

/** A process with one thread: it asks for permits while the destination is limited, and tells what the main thread needs. */
function createProcess(nowMs: () => number, clockOffsetMs: number): LimitedProcess {
  let limited = false;
  const acceptedMs: number[] = [];
  const rateLimits = createRateLimits({
    othersWait: () => false,
    onLimit: (_, isLimited) => {
      limited = isLimited;
    },
    nowMs,
    epochMs: () => nowMs() + clockOffsetMs,
  });
  return {
    rateLimits,
    mustAsk: () => limited,
    answered(round, taken) {
      const lately = nowMs() - 1000;
      while ((acceptedMs[0] ?? lately + 1) <= lately) acceptedMs.shift();
      if (taken) acceptedMs.push(nowMs());
      if (taken && round === undefined) return;
      rateLimits.answered({
        destination: CALL.destination,
        answer: taken ? 'accepted' : 'refused',
        acceptedLately: acceptedMs.length,
        ...(round === undefined ? {} : { round }),
      });
    },
  };
}

interface CallerDeps {
  readonly rateLimited: LimitedProcess;
  readonly schedule: Schedule;
  readonly attemptsMax: number;
  readonly call: (answer: (taken: boolean) => void) => void;
  readonly onGivenUp: () => void;
}

/** One of a process's callers: call after call, each repeated until it is accepted or given up. */
function createCaller({ rateLimited, schedule, attemptsMax, call, onGivenUp }: CallerDeps): (attempt?: number) => void {
  const next = (attempt = 1): void => {
    const permit = rateLimited.mustAsk() ? rateLimited.rateLimits.ask(CALL) : ({ kind: 'go' } as const);
    if (permit.kind !== 'go') {
      // Who must leave the slot comes back as soon as it may.
      schedule(permit.ms, () => next(attempt));
      return;
    }
    call((taken) => {
      rateLimited.answered(permit.round, taken);
      const last = !taken && attempt === attemptsMax;
      if (last) onGivenUp();
      next(taken || last ? 1 : attempt + 1);
    });
  };
  return next;
}

interface Event {
  readonly atMs: number;
  readonly action: () => void;
}

/** Events by time, as a binary heap. */
function createEvents() {
  const heap: Event[] = [];
  const at = (index: number) => heap[index] as Event;
  const swap = (a: number, b: number) => {
    const held = at(a);
    heap[a] = at(b);
    heap[b] = held;
  };
  return {
    add(atMs: number, action: () => void) {
      let index = heap.push({ atMs, action }) - 1;
      for (; index > 0; index = (index - 1) >> 1) {
        const parent = (index - 1) >> 1;
        if (at(parent).atMs <= atMs) return;
        swap(index, parent);
      }
    },
    take(): Event | undefined {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first;
      heap[0] = last;
      for (let index = 0; ; ) {
        const left = 2 * index + 1;
        if (left >= heap.length) return first;
        const least = left + 1 < heap.length && at(left + 1).atMs < at(left).atMs ? left + 1 : left;
        if (at(index).atMs <= at(least).atMs) return first;
        swap(index, least);
        index = least;
      }
    },
  };
}

function share(random: Random): number {
  return random.uint32() / 2 ** 32;
}
