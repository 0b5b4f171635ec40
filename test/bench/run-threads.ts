import type { DataSet } from './data/dataset.ts';
import { addTallies, NO_EVENTS } from './data/event-tally.ts';
import { holdThreads } from './hold-threads.ts';
import { checkCounts, expectedOf, keyedObjects, serve, warmUpRounds } from './run-workload.ts';
import type { Scene } from './scene.ts';
import { type SubjectRound, startSubject } from './subject.ts';
import type { Workload } from './workloads.ts';

/** The same data by a service with one worker thread and by one with two, in turns. */
export interface ThreadsMeasured {
  readonly workload: Workload;
  readonly messageBytes: number;
  readonly rounds: readonly ThreadsRound[];
  /** The same with each worker thread held to HELD_SHARE; none where that cannot be done. */
  readonly held: readonly ThreadsRound[];
}

export interface ThreadsRound {
  readonly one: SubjectRound;
  readonly two: SubjectRound;
}

/** Of a CPU. Of two threads with all that stands around them, on two CPUs: enough is left to be no limit. */
export const HELD_SHARE = 0.3;

export async function runThreads(
  scene: Scene,
  workload: Workload,
  data: DataSet,
  rounds: number,
): Promise<ThreadsMeasured> {
  const expected = Object.values(expectedOf(data, workload)).reduce(addTallies, NO_EVENTS);
  await serve(scene, workload, data);
  await using one = await startSubject(scene, { workerThreads: 1, tls: workload.tls, name: '1' });
  await using two = await startSubject(scene, { workerThreads: 2, tls: workload.tls, name: '2' });
  const run = async (threads: 1 | 2, round: string): Promise<SubjectRound> => {
    const objects = keyedObjects(workload, data, `threads-${threads}-${round}`);
    const result = await (threads === 1 ? one : two).round(objects);
    checkCounts(workload, expected, result);
    return result;
  };
  for (let round = 1; round <= warmUpRounds(expected); round++) {
    await run(1, `warm-up-${round}`);
    await run(2, `warm-up-${round}`);
  }
  const compare = async (name: string, times: number) => {
    const measured: ThreadsRound[] = [];
    for (let round = 1; round <= times; round++) {
      measured.push({ one: await run(1, `${name}-${round}`), two: await run(2, `${name}-${round}`) });
    }
    return measured;
  };
  const free = await compare('round', rounds);
  using ofOne = holdThreads(one.pid, HELD_SHARE);
  using ofTwo = holdThreads(two.pid, HELD_SHARE);
  const held = ofOne && ofTwo ? await compare('held', Math.ceil(rounds / 2)) : [];
  return { workload, messageBytes: expected.messageBytes, rounds: free, held };
}
