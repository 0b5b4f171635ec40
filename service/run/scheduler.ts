/**
 * Decides which object goes next, and when: one tenant after another, so that a flood of one delays the others by one
 * object at most, and only when a slot and enough memory are free.
 */
export interface Scheduler {
  /** Queues a job of a tenant. Resolves or rejects with the job, once its slot and memory are free again. */
  submit<T>(tenant: string, memoryBytes: number, job: () => Promise<T>): Promise<T>;
  readonly running: number;
  readonly waiting: number;
  readonly reservedBytes: number;
}

export interface SchedulerLimits {
  /** Jobs at once. */
  readonly slots: number;
  /** Sum of the running jobs' estimates. A job larger than this runs alone. */
  readonly memoryBytes: number;
}

interface Job {
  readonly memoryBytes: number;
  readonly start: () => void;
}

export function createScheduler(limits: SchedulerLimits): Scheduler {
  // In the order of their turns: a tenant that had its turn goes to the end.
  const queues = new Map<string, Job[]>();
  let running = 0;
  let reservedBytes = 0;
  let waiting = 0;

  const fits = (job: Job) =>
    running === 0 || (running < limits.slots && reservedBytes + job.memoryBytes <= limits.memoryBytes);

  const startNext = () => {
    for (let [turn] = queues; turn; [turn] = queues) {
      const [tenant, jobs] = turn;
      const job = jobs[0];
      // A large object at the head waits for its room instead of being passed by small ones for ever.
      if (job && !fits(job)) return;
      jobs.shift();
      queues.delete(tenant);
      if (jobs.length > 0) queues.set(tenant, jobs);
      if (!job) continue;
      waiting--;
      running++;
      reservedBytes += job.memoryBytes;
      job.start();
    }
  };

  return {
    submit<T>(tenant: string, memoryBytes: number, job: () => Promise<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const start = () => {
        Promise.try(job)
          .finally(() => {
            running--;
            reservedBytes -= memoryBytes;
            startNext();
          })
          .then(resolve, reject);
      };
      const jobs = queues.get(tenant) ?? [];
      jobs.push({ memoryBytes, start });
      queues.set(tenant, jobs);
      waiting++;
      startNext();
      return promise;
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    get reservedBytes() {
      return reservedBytes;
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

/** What delivering an object takes, from its size; an object of unknown size may be large. */
export function estimateMemoryBytes(objectBytes: number | undefined): number {
  if (objectBytes === undefined) return LARGE_OBJECT_BYTES;
  return Math.min(LARGE_OBJECT_BYTES, SMALL_OBJECT_BYTES + objectBytes * INFLATION);
}
