import type { ObjectTask } from '../delivery/destination.ts';
import type { Gate } from './gate.ts';
import type { ObjectReport, ReportLine } from './report.ts';
import { type JobSize, type Scheduler, sizeOfJob } from './scheduler.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface DeliverAdmittedDeps {
  readonly gate: Gate;
  readonly scheduler: Pick<Scheduler, 'submit'>;
  readonly workers: Pick<WorkerPool, 'deliver'>;
}

/** What is asked for is rounded up to this: the next dictionary of a file may be a little larger than the last. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * Delivers an object as soon as it is admitted. What it takes of memory is estimated from its size; where decoding finds that it takes more
 * (`memory-short`), what it had is free again, and it is admitted anew for that: it waits its turn as an object of that size, and goes on
 * where it stopped. So nobody holds memory while it waits for more.
 * @param onStart is called when it starts for the first time
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
    const { lines } = await deliverOnce(deps, { ...task, memoryBytes }, size, done, signal, start);
    const others = lines.filter(({ type }) => !done.includes(type));
    const needed = Math.max(0, ...others.map(({ neededBytes }) => neededBytes ?? 0));
    if (needed <= memoryBytes) return { lines: [...over, ...others] };
    over.push(...others.filter(({ neededBytes }) => neededBytes === undefined));
    size = { ...size, memoryBytes: Math.ceil(needed / STEP_BYTES) * STEP_BYTES };
  }
}

/** @param done types of deliveries that are over */
function deliverOnce(
  { gate, scheduler, workers }: DeliverAdmittedDeps,
  task: ObjectTask,
  size: JobSize,
  done: readonly string[],
  signal: AbortSignal,
  onStart: () => void,
): Promise<ObjectReport> {
  const tenant = task.keyFields.tenant_id;
  const only = task.ref.replay?.delivery;
  return scheduler.submit(tenant, size, async () => {
    onStart();
    const late = gate.held(tenant, only);
    if (late) return { lines: late };
    const pass = gate.enter(tenant, only);
    // While the slot is still its own, so that whoever is next already knows what came of it.
    return pass.leave(await workers.deliver(task, [...pass.held, ...done], signal));
  });
}
