import { configOf } from '../../../infra/config/config.ts';
import {
  backlogPerTask,
  SCALE_IN_COOLDOWN_SECONDS,
  SCALE_OUT_COOLDOWN_SECONDS,
} from '../../../infra/values/backlog.ts';
import { namesOf } from '../../../infra/values/names.ts';
import { evaluateMath } from '../../support/metric-math.ts';

/** What CloudWatch has of a minute. */
export interface Minute {
  readonly atMs: number;
  readonly running: number;
  /** Messages that the queue shows. */
  readonly visible: number;
  /** Averages over the tasks' reports. */
  readonly saturated: number;
  readonly workable: number;
  /** Of the oldest message that waits for capacity, in any task. */
  readonly oldestSeconds: number;
}

/** How many tasks shall run, minute by minute. */
export interface Policy {
  /** @returns the number of tasks that are wanted from now on */
  decide(minute: Minute): number;
}

/**
 * Application Auto Scaling's arithmetic for the policies of infra/constructs/scaling.ts, with the infrastructure's own metric math.
 * Target tracking adds tasks after three minutes above the target, in proportion, and takes some away after fifteen minutes below nine
 * tenths of it (Application Auto Scaling user guide; the numbers of minutes are what its alarms show, from memory). A step by age adds
 * half. What wants more tasks wins.
 */
const OUT_MINUTES = 3;
const IN_MINUTES = 15;
const IN_SHARE = 0.9;
const AGE_MINUTES = 3;
const AGE_STEP = 1.5;
const AGE_COOLDOWN_MS = 300_000;

export function createPolicy(tasksMin: number, tasksMax: number): Policy {
  const config = configOf('any', { distributor: { tasksMin, tasksMax } });
  const { backlogPerTask: target, scaleOutAgeSeconds } = config.distributor;
  const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: '111111111111' });
  const metrics = backlogPerTask(config, names);
  const loads: number[] = [];
  const ages: number[] = [];
  let [outMs, inMs, agedMs] = [0, 0, 0];

  const loadOf = ({ running, visible, saturated, workable }: Minute) => {
    const data: Record<string, number | undefined> = { running, waiting: visible, saturated, workable };
    for (const metric of metrics) {
      if ('expression' in metric) data[metric.id] = evaluateMath(metric.expression, data);
    }
    return data.load ?? target;
  };
  const isAll = (values: readonly number[], minutes: number, holds: (value: number) => boolean) =>
    values.length >= minutes && values.slice(-minutes).every(holds);

  return {
    decide(minute) {
      const { atMs, running, oldestSeconds } = minute;
      const load = loadOf(minute);
      loads.push(load);
      ages.push(oldestSeconds);
      const byLoad = Math.ceil((Math.max(1, running) * load) / target);
      let wanted = running;
      if (isAll(loads, OUT_MINUTES, (one) => one > target) && atMs - outMs >= SCALE_OUT_COOLDOWN_SECONDS * 1000) {
        wanted = Math.max(wanted, byLoad);
      }
      if (isAll(ages, AGE_MINUTES, (age) => age > scaleOutAgeSeconds) && atMs - agedMs >= AGE_COOLDOWN_MS) {
        wanted = Math.max(wanted, Math.ceil(running * AGE_STEP));
        agedMs = atMs;
      }
      const isIdle = isAll(loads, IN_MINUTES, (one) => one < target * IN_SHARE);
      const lastMs = Math.max(inMs, outMs);
      if (wanted === running && isIdle && atMs - lastMs >= SCALE_IN_COOLDOWN_SECONDS * 1000) wanted = byLoad;
      wanted = Math.min(tasksMax, Math.max(tasksMin, wanted));
      if (wanted > running) outMs = atMs;
      if (wanted < running) inMs = atMs;
      return wanted;
    },
  };
}
