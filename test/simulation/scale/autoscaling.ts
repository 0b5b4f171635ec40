import { QUEUE_URL } from '../cloud.ts';
import type { Queues } from '../models/queues.ts';
import { MINUTE_MS } from '../plan.ts';
import type { Fleet } from '../task.ts';
import { instrumentsOf } from '../watched/instruments.ts';
import type { World } from '../world.ts';
import { createPolicy } from './policy.ts';

export interface AutoscalingDeps {
  readonly world: World;
  readonly fleet: Fleet;
  readonly queues: Queues;
  readonly tasksMin: number;
  readonly tasksMax: number;
}

/** A task takes so long to start on Fargate, about: an assumption. */
const START_MS = 45_000;

/** The number of tasks follows the policy. @returns how many were wanted, minute by minute */
export function autoscale({ world, fleet, queues, tasksMin, tasksMax }: AutoscalingDeps): readonly number[] {
  const policy = createPolicy(tasksMin, tasksMax);
  const wantedByMinute: number[] = [];
  let wanted = tasksMin;
  const set = (next: number) => {
    for (let place = wanted; place < next; place++) {
      world.after(START_MS, undefined, () => place < wanted && fleet.open(place));
    }
    for (let place = next; place < wanted; place++) fleet.close(place);
    wanted = next;
  };
  const look = () => {
    world.after(MINUTE_MS, undefined, look);
    const tasks = fleet.actors.flatMap((actor) => {
      world.as(actor, () => instrumentsOf(actor).observe?.());
      return instrumentsOf(actor).workable ?? [];
    });
    const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
    const { nowMs } = world;
    const visible = queues.messages(QUEUE_URL).filter(({ visibleMs }) => visibleMs <= nowMs).length;
    const next = policy.decide({
      atMs: nowMs,
      running: wanted,
      visible,
      saturated: average(tasks.map(({ saturated }) => Number(saturated))),
      workable: average(tasks.map(({ messages }) => messages)),
      oldestSeconds: Math.max(
        0,
        ...tasks.map(({ oldestMs }) => (oldestMs === undefined ? 0 : (nowMs - oldestMs) / 1000)),
      ),
    });
    if (next !== wanted) set(next);
    wantedByMinute.push(wanted);
  };
  world.after(MINUTE_MS, undefined, look);
  return wantedByMinute;
}
