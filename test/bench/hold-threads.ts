import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux shows the first version of its control groups. */
const CPU_GROUPS = '/sys/fs/cgroup/cpu';
/** The names that the service gives its worker threads. */
const WORKER_THREAD = /^delivery-\d+$/;
/** As short as the kernel allows but for a few times: a thread that has used its share up does not rest for long. */
const PERIOD_US = 5_000;

/**
 * Holds the worker threads of a service to a share of a CPU each, and nothing else of it: on a machine with few CPUs the one
 * way to see how threads add up, as otherwise they and what stands around them use all CPUs up.
 *
 * Needs Linux, version 1 of control groups, and root.
 * @param share of one CPU
 * @returns lets them go; undefined where it cannot be done
 */
export function holdThreads(pid: number, share: number): Disposable | undefined {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return undefined;
  const threads = readdirSync(tasks).filter((thread) => {
    return WORKER_THREAD.test(readFileSync(join(tasks, thread, 'comm'), 'utf8').trim());
  });
  if (threads.length === 0) throw new Error(`the process ${pid} has no worker threads by the names that are known`);
  const own = groupOf(pid);
  if (own === undefined) return undefined;
  using stack = new DisposableStack();
  for (const thread of threads) {
    const group = join(own, `log-distributor-bench-${thread}`);
    if (!tryToMake(group)) return undefined;
    stack.defer(() => rmdirSync(group));
    if (!existsSync(join(group, 'cpu.cfs_quota_us'))) return undefined;
    writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
    writeFileSync(join(group, 'cpu.cfs_quota_us'), String(Math.round(PERIOD_US * share)));
    writeFileSync(join(group, 'tasks'), thread);
    // Only an empty group can be removed.
    stack.defer(() => writeFileSync(join(own, 'tasks'), thread));
  }
  return stack.move();
}

/** The folder of the control group that a process is in. */
function groupOf(pid: number): string | undefined {
  if (!existsSync(CPU_GROUPS)) return undefined;
  const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/^\d+:(?:[^:]*,)?cpu(?:,[^:]*)?:(.*)$/m);
  return line ? join(CPU_GROUPS, line[1] ?? '') : undefined;
}

function tryToMake(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    // One that a run left behind is as good.
    return (error as NodeJS.ErrnoException).code === 'EEXIST';
  }
}
