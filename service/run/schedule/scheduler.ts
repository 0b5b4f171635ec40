import { DistributorError } from '../../base/errors.ts';

/**
 * Decides which object goes next, and when: deficit round robin by bytes over the tenants that have objects waiting. Bounds
 * keep room for others without knowing who they will be: no tenant holds more than a share of the slots and of the memory,
 * and neither do large objects, which hold theirs for long, all of them together.
 *
 * Slots are for objects whose destination answers. An object that waits for an answer gives its slot up and goes on behind
 * a bulkhead: places apart from the slots, with a share of the memory, for all such objects of all tenants together. While
 * anybody waits there, an object whose destination has not answered since begins behind the bulkhead too.
 */
export interface Scheduler {
  /** Queues a job of a tenant. Resolves or rejects with the job, once its slot and memory are free again. */
  submit<T>(tenant: string, size: JobSize, job: Job<T>): Promise<T>;
  /** Ends the jobs of a tenant that wait for their turn and need not run any more, as `instead` says. */
  reconsider(tenant: string): void;
  /** Whether an object of another tenant waits for a slot or memory. */
  othersWait(tenant: string): boolean;
  /** Objects of a tenant that wait. */
  waitingOf(tenant: string): number;
  /** Tenants with objects that wait. */
  waitingTenants(): Iterable<string>;
  readonly running: number;
  /** Of the running ones: those behind the bulkhead. */
  readonly behindBulkhead: number;
  /** Whether one more job finds a place behind the bulkhead now. Where it does not, somebody who waits there has to leave. */
  wantPlace(): boolean;
  readonly waiting: number;
  readonly reservedBytes: number;
}

export interface Job<T> {
  run(stay: Stay): Promise<T>;
  /** The result of a job that need not run; null when it must. Asked before it runs, and by `reconsider`. */
  instead?(): T | null;
}

/** A running job's hold on its slot. */
export interface Stay {
  /** It waits for an answer: its slot is free for others as soon as there is a place behind the bulkhead. */
  wait(): void;
  /** The answer came. It counts as a slot again, even if that is one too many for a while. */
  resume(): void;
  /** Aborts, with a DistributorError, when others need its place behind the bulkhead and it has waited long enough. */
  readonly evicted: AbortSignal;
}

export interface JobSize {
  /** What it counts for in its tenant's turns, beside a constant. */
  readonly bytes: number;
  /** What it holds while it runs. */
  readonly memoryBytes: number;
  /** What it holds while it waits for an answer. */
  readonly waitingBytes: number;
}

export interface SchedulerLimits {
  /** Jobs at once. */
  readonly slots: number;
  /** Sum of the running jobs' estimates. */
  readonly memoryBytes: number;
  /** Jobs at once of one tenant, where its share would be more. */
  readonly slotsOf?: (tenant: string) => number;
  /** Whether a tenant's next job shall show first that its destination answers. */
  readonly onTrial?: (tenant: string) => boolean;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** Of slots and memory: what one tenant may hold, and what large objects together may hold. */
const SHARE = 3 / 4;
/** Estimate from which on an object is large: it streams for a second and more. */
const LARGE_MEMORY_BYTES = 32 * 1024 * 1024;
/**
 * What a tenant is given each round, and what an object counts for beside its bytes: lease, opening and saving take as
 * long as streaming about this much. So small objects of two tenants go one by one.
 */
const QUANTUM_BYTES = 512 * 1024;
/** Places behind the bulkhead, and the part of the memory that all of them may hold. */
export const BULKHEAD_PLACES = 64;
const BULKHEAD_SHARE = 1 / 2;
/** Nobody is evicted before: AWS answers a thousand times as fast, and what is given up may have been executed. */
const EVICT_AFTER_MS = 5_000;
/** A place that was asked for is wanted for so long: whoever asked asks again within a second. */
const WANTED_MS = 2_000;

const EVICTED = 'no answer came, and others needed the place; the position is saved';

interface Waiting {
  readonly costBytes: number;
  readonly memoryBytes: number;
  readonly waitingBytes: number;
  readonly large: boolean;
  readonly start: (running: Running) => void;
  /** Ends the job if it need not run. @returns whether it has ended */
  readonly end: () => boolean;
}

interface Running {
  readonly tenant: string;
  readonly job: Waiting;
  readonly abort: AbortController;
  behindBulkhead: boolean;
  /** Whether it waits for an answer, and since when. */
  waits: boolean;
  waitsSinceMs: number;
  memoryBytes: number;
}

interface Queue {
  readonly jobs: Waiting[];
  /** What the tenant may still start in this round, by cost. */
  deficitBytes: number;
}

interface Holding {
  jobs: number;
  memoryBytes: number;
}

const NOTHING: Readonly<Holding> = { jobs: 0, memoryBytes: 0 };

export function createScheduler(limits: SchedulerLimits): Scheduler {
  const { onTrial = () => false, nowMs } = limits;
  /** Tenants with jobs that wait, in the order of their turns. */
  const queues = new Map<string, Queue>();
  /** What each tenant holds, on both sides of the bulkhead. */
  const holdings = new Map<string, Holding>();
  /** Jobs in slots; memory of all jobs. */
  const all: Holding = { ...NOTHING };
  const large: Holding = { ...NOTHING };
  const behind: Holding = { ...NOTHING };
  /** Running jobs that wait for an answer, those that have waited longest first. */
  const waiters = new Set<Running>();
  const share = { jobs: Math.max(1, Math.floor(limits.slots * SHARE)), memoryBytes: limits.memoryBytes * SHARE };
  const places = { jobs: BULKHEAD_PLACES, memoryBytes: limits.memoryBytes * BULKHEAD_SHARE };
  let waiting = 0;
  let evicting: NodeJS.Timeout | undefined;
  let wantedUntilMs = Number.NEGATIVE_INFINITY;

  const fits = (holding: Readonly<Holding>, memoryBytes: number, bound: Readonly<Holding>) =>
    holding.jobs < bound.jobs && holding.memoryBytes + memoryBytes <= bound.memoryBytes;
  /** One that is larger than the share goes alone. */
  const hasPlace = (memoryBytes: number) => behind.jobs === 0 || fits(behind, memoryBytes, places);
  /** Whether the tenant may start a job, as far as its own bounds go. */
  const mayStart = (tenant: string, job: Waiting) =>
    !onTrial(tenant) &&
    fits(holdings.get(tenant) ?? NOTHING, job.memoryBytes, {
      jobs: Math.min(share.jobs, limits.slotsOf?.(tenant) ?? share.jobs),
      memoryBytes: share.memoryBytes,
    }) &&
    (!job.large || fits(large, job.memoryBytes, share));
  /** `kept`: memory is kept for a large object whose turn it is; small ones live on what large ones cannot have. */
  const hasRoom = (job: Waiting, kept: boolean) =>
    fits(all, job.memoryBytes, { jobs: limits.slots, memoryBytes: limits.memoryBytes }) &&
    (!kept || all.memoryBytes - large.memoryBytes + job.memoryBytes <= limits.memoryBytes - share.memoryBytes);

  /** The next tenant whose job may start in a slot; gives out rounds until somebody's job is paid for. */
  const choose = (): [tenant: string, queue: Queue, job: Waiting] | undefined => {
    let kept = false;
    let rounds = Number.POSITIVE_INFINITY;
    const unpaid: Queue[] = [];
    for (const [tenant, queue] of queues) {
      const [job] = queue.jobs;
      if (!job || !mayStart(tenant, job) || (kept && job.large)) continue;
      const missingBytes = job.costBytes - queue.deficitBytes;
      const room = hasRoom(job, kept);
      if (missingBytes > 0) {
        unpaid.push(queue);
        if (room) rounds = Math.min(rounds, Math.ceil(missingBytes / QUANTUM_BYTES));
      } else if (room) {
        return [tenant, queue, job];
      } else if (job.large) {
        kept = true;
      } else {
        // Small objects end soon: to wait for one is better than to be passed by others again and again.
        return undefined;
      }
    }
    if (rounds === Number.POSITIVE_INFINITY) return undefined;
    for (const queue of unpaid) queue.deficitBytes += rounds * QUANTUM_BYTES;
    return choose();
  };

  /** The next tenant on trial that has nothing running; it needs a place behind the bulkhead, and no slot. */
  const chooseTrial = (): [tenant: string, queue: Queue, job: Waiting] | undefined => {
    for (const [tenant, queue] of queues) {
      const [job] = queue.jobs;
      if (job && mayTry(tenant) && behind.jobs < places.jobs && fitsMemory(job)) return [tenant, queue, job];
    }
    return undefined;
  };
  const mayTry = (tenant: string) => onTrial(tenant) && !holdings.has(tenant);
  const fitsMemory = (job: Waiting) => all.memoryBytes + job.memoryBytes <= limits.memoryBytes;

  const hold = (one: Running, sign: 1 | -1) => {
    const { tenant, job, memoryBytes, behindBulkhead } = one;
    const holding = holdings.get(tenant) ?? { ...NOTHING };
    for (const each of job.large ? [holding, large] : [holding]) {
      each.jobs += sign;
      each.memoryBytes += sign * memoryBytes;
    }
    if (holding.jobs === 0) holdings.delete(tenant);
    else holdings.set(tenant, holding);
    all.memoryBytes += sign * memoryBytes;
    if (behindBulkhead) {
      behind.jobs += sign;
      // What tries is at work, and small; it is those who wait that could fill the memory.
      if (one.waits) behind.memoryBytes += sign * memoryBytes;
    } else {
      all.jobs += sign;
    }
  };

  /** Moves a running job to one side of the bulkhead. What waits there has given its windows back. */
  const move = (one: Running, to: Pick<Running, 'behindBulkhead' | 'waits'>) => {
    hold(one, -1);
    Object.assign(one, to);
    one.memoryBytes = one.behindBulkhead && one.waits ? one.job.waitingBytes : one.job.memoryBytes;
    hold(one, 1);
  };

  const start = ([tenant, queue, job]: [string, Queue, Waiting], behindBulkhead: boolean) => {
    queue.jobs.shift();
    queue.deficitBytes -= job.costBytes;
    waiting--;
    const [following] = queue.jobs;
    if (!following) {
      // Who has nothing to send saves no turns up.
      queues.delete(tenant);
    } else if (following.costBytes > queue.deficitBytes) {
      queues.delete(tenant);
      queues.set(tenant, queue);
    }
    if (job.end()) return;
    const { memoryBytes } = job;
    const abort = new AbortController();
    const one: Running = { tenant, job, abort, behindBulkhead, memoryBytes, waits: false, waitsSinceMs: 0 };
    hold(one, 1);
    job.start(one);
  };

  const startNext = () => {
    // Those who wait in slots first: each place that they get is a slot for everybody.
    for (const one of waiters) {
      const { waitingBytes } = one.job;
      if (!one.behindBulkhead && hasPlace(waitingBytes)) move(one, { behindBulkhead: true, waits: true });
    }
    for (let next = chooseTrial(); next; next = chooseTrial()) start(next, true);
    for (let next = choose(); next; next = choose()) start(next, false);
    evict();
  };

  /** Whether anybody is kept out by those who wait behind the bulkhead. */
  const crowded = () =>
    nowMs() < wantedUntilMs ||
    [...waiters].some(({ behindBulkhead }) => !behindBulkhead) ||
    [...queues.keys()].some((tenant) => mayTry(tenant));

  /** Where it is crowded, the job that has waited longest leaves, and then the next. */
  const evict = () => {
    clearTimeout(evicting);
    const [longest] = waiters;
    if (!longest || longest.abort.signal.aborted || !crowded()) return;
    const leftMs = longest.waitsSinceMs + EVICT_AFTER_MS - nowMs();
    if (leftMs <= 0) longest.abort.abort(new DistributorError('destination-unavailable', EVICTED));
    else evicting = setTimeout(evict, leftMs).unref();
  };

  const stayOf = (one: Running): Stay => ({
    evicted: one.abort.signal,
    wait() {
      if (waiters.has(one)) return;
      waiters.add(one);
      one.waitsSinceMs = nowMs();
      move(one, { behindBulkhead: one.behindBulkhead, waits: true });
      startNext();
    },
    resume() {
      waiters.delete(one);
      move(one, { behindBulkhead: false, waits: false });
      startNext();
    },
  });

  return {
    submit<T>(tenant: string, size: JobSize, { run, instead }: Job<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const job: Waiting = {
        costBytes: size.bytes + QUANTUM_BYTES,
        // An estimate above the share could never start; with a budget that small it goes alone among the large.
        memoryBytes: Math.min(size.memoryBytes, share.memoryBytes),
        waitingBytes: Math.min(size.waitingBytes, share.memoryBytes),
        large: size.memoryBytes >= LARGE_MEMORY_BYTES,
        start: (one) => {
          Promise.try(run, stayOf(one))
            .finally(() => {
              waiters.delete(one);
              hold(one, -1);
              startNext();
            })
            .then(resolve, reject);
        },
        end: () => {
          const result = instead?.() ?? null;
          if (result !== null) resolve(result);
          return result !== null;
        },
      };
      const queue = queues.get(tenant) ?? { jobs: [], deficitBytes: 0 };
      queue.jobs.push(job);
      queues.set(tenant, queue);
      waiting++;
      startNext();
      return promise;
    },
    reconsider(tenant) {
      const queue = queues.get(tenant);
      if (!queue) return;
      const left = queue.jobs.filter((job) => !job.end());
      waiting -= queue.jobs.length - left.length;
      queue.jobs.splice(0, queue.jobs.length, ...left);
      if (left.length === 0) queues.delete(tenant);
      startNext();
    },
    othersWait(tenant) {
      for (const [other, { jobs }] of queues) {
        if (other !== tenant && jobs[0] && mayStart(other, jobs[0])) return true;
      }
      return false;
    },
    waitingTenants: () => queues.keys(),
    waitingOf: (tenant) => queues.get(tenant)?.jobs.length ?? 0,
    get running() {
      return all.jobs + behind.jobs;
    },
    get behindBulkhead() {
      return behind.jobs;
    },
    wantPlace() {
      if (behind.jobs < places.jobs) return true;
      wantedUntilMs = nowMs() + WANTED_MS;
      evict();
      return false;
    },
    get waiting() {
      return waiting;
    },
    get reservedBytes() {
      return all.memoryBytes;
    },
  };
}

/**
 * An object that is larger than two chunks (one sent, one decoded), its windows and its bodies: those are 48 MB in the kernel, and its
 * connections, with what TLS holds for them, are some 30 MB outside of it (measured, decisions/0004).
 */
const LARGE_OBJECT_BYTES = 80 * 1024 * 1024;
const SMALL_OBJECT_BYTES = 4 * 1024 * 1024;
/** A small object that waits is decoded, and its windows are given back: it holds a body of 1.3 MB and its chunk. */
const SMALL_WAITING_BYTES = 2 * 1024 * 1024;
/** Log objects inflate to eight to twenty times their size. */
const INFLATION = 16;

/** What one object may be admitted for at most. */
export function memoryOfOne(budgetBytes: number): number {
  return budgetBytes * SHARE;
}

/** What delivering an object takes, from its size; an object of unknown size may be large. */
export function sizeOfJob(objectBytes: number | undefined): JobSize {
  const bytes = objectBytes ?? LARGE_OBJECT_BYTES / INFLATION;
  const estimate = (baseBytes: number) => Math.min(LARGE_OBJECT_BYTES, baseBytes + bytes * INFLATION);
  return { bytes, memoryBytes: estimate(SMALL_OBJECT_BYTES), waitingBytes: estimate(SMALL_WAITING_BYTES) };
}
