/**
 * Decides which object goes next, and when: deficit round robin by bytes over the tenants that have objects waiting. Two
 * bounds keep room for others without knowing who they will be: no tenant holds more than a share of the slots and of the
 * memory, and neither do large objects, which hold theirs for long, all of them together.
 */
export interface Scheduler {
  /** Queues a job of a tenant. Resolves or rejects with the job, once its slot and memory are free again. */
  submit<T>(tenant: string, size: JobSize, job: () => Promise<T>): Promise<T>;
  /** Whether an object of another tenant waits for a slot or memory. */
  othersWait(tenant: string): boolean;
  /** Objects of a tenant that wait. */
  waitingOf(tenant: string): number;
  readonly running: number;
  readonly waiting: number;
  readonly reservedBytes: number;
}

export interface JobSize {
  /** What it counts for in its tenant's turns, beside a constant. */
  readonly bytes: number;
  /** What it holds while it runs. */
  readonly memoryBytes: number;
}

export interface SchedulerLimits {
  /** Jobs at once. */
  readonly slots: number;
  /** Sum of the running jobs' estimates. */
  readonly memoryBytes: number;
  /** Jobs at once of one tenant, where its share would be more. */
  readonly slotsOf?: (tenant: string) => number;
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

interface Job {
  readonly costBytes: number;
  readonly memoryBytes: number;
  readonly large: boolean;
  readonly start: () => void;
}

interface Queue {
  readonly jobs: Job[];
  /** What the tenant may still start in this round, by cost. */
  deficitBytes: number;
}

interface Holding {
  jobs: number;
  memoryBytes: number;
}

const NOTHING: Readonly<Holding> = { jobs: 0, memoryBytes: 0 };

export function createScheduler(limits: SchedulerLimits): Scheduler {
  /** Tenants with jobs that wait, in the order of their turns. */
  const queues = new Map<string, Queue>();
  /** What each tenant holds. */
  const holdings = new Map<string, Holding>();
  const all: Holding = { ...NOTHING };
  const large: Holding = { ...NOTHING };
  const share = { jobs: Math.max(1, Math.floor(limits.slots * SHARE)), memoryBytes: limits.memoryBytes * SHARE };
  let waiting = 0;

  const fits = (holding: Readonly<Holding>, job: Job, bound: Readonly<Holding>) =>
    holding.jobs < bound.jobs && holding.memoryBytes + job.memoryBytes <= bound.memoryBytes;
  /** Whether the tenant may start a job, as far as its own bounds go. */
  const mayStart = (tenant: string, job: Job) =>
    fits(holdings.get(tenant) ?? NOTHING, job, {
      jobs: Math.min(share.jobs, limits.slotsOf?.(tenant) ?? share.jobs),
      memoryBytes: share.memoryBytes,
    }) &&
    (!job.large || fits(large, job, share));
  /** `kept`: memory is kept for a large object whose turn it is; small ones live on what large ones cannot have. */
  const hasRoom = (job: Job, kept: boolean) =>
    fits(all, job, { jobs: limits.slots, memoryBytes: limits.memoryBytes }) &&
    (!kept || all.memoryBytes - large.memoryBytes + job.memoryBytes <= limits.memoryBytes - share.memoryBytes);

  /** The next tenant whose job may start now; gives out rounds until somebody's job is paid for. */
  const choose = (): [tenant: string, queue: Queue, job: Job] | undefined => {
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

  const hold = (tenant: string, { memoryBytes, large: isLarge }: Job, sign: 1 | -1) => {
    const holding = holdings.get(tenant) ?? { ...NOTHING };
    for (const each of isLarge ? [holding, large, all] : [holding, all]) {
      each.jobs += sign;
      each.memoryBytes += sign * memoryBytes;
    }
    if (holding.jobs === 0) holdings.delete(tenant);
    else holdings.set(tenant, holding);
  };

  const startNext = () => {
    for (let next = choose(); next; next = choose()) {
      const [tenant, queue, job] = next;
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
      hold(tenant, job, 1);
      job.start();
    }
  };

  return {
    submit<T>(tenant: string, size: JobSize, run: () => Promise<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const job: Job = {
        costBytes: size.bytes + QUANTUM_BYTES,
        // An estimate above the share could never start; with a budget that small it goes alone among the large.
        memoryBytes: Math.min(size.memoryBytes, share.memoryBytes),
        large: size.memoryBytes >= LARGE_MEMORY_BYTES,
        start: () => {
          Promise.try(run)
            .finally(() => {
              hold(tenant, job, -1);
              startNext();
            })
            .then(resolve, reject);
        },
      };
      const queue = queues.get(tenant) ?? { jobs: [], deficitBytes: 0 };
      queue.jobs.push(job);
      queues.set(tenant, queue);
      waiting++;
      startNext();
      return promise;
    },
    othersWait(tenant) {
      for (const [other, { jobs }] of queues) {
        if (other !== tenant && jobs[0] && mayStart(other, jobs[0])) return true;
      }
      return false;
    },
    waitingOf: (tenant) => queues.get(tenant)?.jobs.length ?? 0,
    get running() {
      return all.jobs;
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
/** Log objects inflate to eight to twenty times their size. */
const INFLATION = 16;

/** What one object may be admitted for at most. */
export function memoryOfOne(budgetBytes: number): number {
  return budgetBytes * SHARE;
}

/** What delivering an object takes, from its size; an object of unknown size may be large. */
export function sizeOfJob(objectBytes: number | undefined): JobSize {
  if (objectBytes === undefined) return { bytes: LARGE_OBJECT_BYTES / INFLATION, memoryBytes: LARGE_OBJECT_BYTES };
  return {
    bytes: objectBytes,
    memoryBytes: Math.min(LARGE_OBJECT_BYTES, SMALL_OBJECT_BYTES + objectBytes * INFLATION),
  };
}
