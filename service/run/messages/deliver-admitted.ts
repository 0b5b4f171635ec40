import type { ObjectTask } from '../../delivery/destination.ts';
import type { ObjectReport, ReportLine } from '../../delivery/report.ts';
import type { CircuitBreakers } from '../schedule/circuit-breakers.ts';
import { type JobSize, type Scheduler, type Stay, sizeOfJob } from '../schedule/scheduler.ts';
import type { ObjectListener, WorkerPool } from '../threads/worker-pool.ts';

export interface DeliverAdmittedDeps {
  readonly breakers: CircuitBreakers;
  readonly scheduler: Pick<Scheduler, 'submit' | 'reconsider'>;
  readonly workers: Pick<WorkerPool, 'deliver'>;
}

/** What is asked for is rounded up to this: the next dictionary of a file may be a little larger than the last. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * Delivers an object as soon as it is admitted. What it takes of memory is estimated from its size; where decoding finds that
 * it takes more (`memory-short`), what it had is free again, and it is admitted anew for that: it waits its turn as an object
 * of that size, and goes on where it stopped. So nobody holds memory while it waits for more.
 * @param onStart is called when it starts for the first time; never, where its destinations are held by then
 */
export async function deliverAdmitted(
  deps: DeliverAdmittedDeps,
  task: ObjectTask,
  signal: AbortSignal,
  onStart: () => void,
): Promise<ObjectReport> {
  const over: ReportLine[] = [];
  let size = sizeOfJob(task.ref.size);
  for (let turn = 0; ; turn++) {
    const { memoryBytes } = size;
    const done = over.map(({ type }) => type);
    const start = turn === 0 ? onStart : () => {};
    const { lines } = await deliverInTurn(deps, { ...task, memoryBytes }, size, done, signal, start);
    const others = lines.filter(({ type }) => !done.includes(type));
    const needed = Math.max(0, ...others.map(({ neededBytes }) => neededBytes ?? 0));
    if (needed <= memoryBytes) return { lines: [...over, ...others] };
    over.push(...others.filter(({ neededBytes }) => neededBytes === undefined));
    const admittedBytes = Math.ceil(needed / STEP_BYTES) * STEP_BYTES;
    size = { ...size, memoryBytes: admittedBytes, waitingBytes: admittedBytes };
  }
}

/** @param done types of deliveries that are over */
function deliverInTurn(
  deps: DeliverAdmittedDeps,
  task: ObjectTask,
  size: JobSize,
  done: readonly string[],
  signal: AbortSignal,
  onStart: () => void,
): Promise<ObjectReport> {
  const tenant = task.keyFields.tenant_id;
  return deps.scheduler.submit(tenant, size, {
    instead() {
      const lines = deps.breakers.held(tenant, task.ref.replay?.delivery);
      return lines && { lines };
    },
    run(stay) {
      onStart();
      return deliverOnce(deps, task, done, stay, signal);
    },
  });
}

/** While the slot is still its own, its end is known to whoever is next. */
async function deliverOnce(
  { breakers, scheduler, workers }: DeliverAdmittedDeps,
  task: ObjectTask,
  done: readonly string[],
  stay: Stay,
  signal: AbortSignal,
): Promise<ObjectReport> {
  const tenant = task.keyFields.tenant_id;
  const pass = breakers.enter(tenant, task.ref.replay?.delivery);
  const order = { held: [...pass.held, ...done], probes: pass.probes };
  let waits = false;
  const listener: ObjectListener = {
    unanswered(call) {
      waits = true;
      pass.unanswered(call);
      stay.wait();
      scheduler.reconsider(tenant);
    },
    answered(type) {
      waits = false;
      pass.answered(type);
      stay.resume();
    },
    delivered() {
      breakers.answered(tenant);
      if (!waits) stay.resume();
    },
  };
  return pass.leave(await workers.deliver(task, order, AbortSignal.any([signal, stay.evicted]), listener));
}
