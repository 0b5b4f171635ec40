import type { Config } from '../config/config.ts';
import { containerInsights, type Metric, queueMetric, serviceMetric } from './metric.ts';
import type { Names } from './names.ts';

/**
 * What autoscaling goes by: work that more tasks would finish sooner. SQS knows how many messages wait, and not for what. The
 * tasks know (service/run/watch/workable.ts), and say whether messages wait for capacity in them. Only then are the visible messages
 * of the queue backlog; else the tasks read the queue as fast as it fills, and what is visible has just come back from being
 * parked. docs/decisions/0043-scaling.md has the reasons, the limits, and the same rule for Kubernetes.
 */

/** Growing may be quick; shrinking waits for the lull to last, as a task that leaves drains for up to two minutes. */
export const SCALE_OUT_COOLDOWN_SECONDS = 60;
export const SCALE_IN_COOLDOWN_SECONDS = 600;
/** Share of the tasks' reports, in a minute, that must say that messages wait for capacity. */
export const SATURATED_SHARE = 0.5;

/** Whether the number of tasks changes at all. */
export function scales({ distributor }: Pick<Config, 'distributor'>): boolean {
  return distributor.tasksMax > distributor.tasksMin;
}

/** The age of the oldest message that waits for capacity; one object can be large, so it counts beside the backlog. */
export function oldestWorkable(config: Pick<Config, 'environment'>, names: Names): Metric {
  return serviceMetric(config, names, 'workable_oldest_age_seconds', 'Maximum');
}

/** What tasks report of the work that waits in them. */
export function reportedBacklog(config: Pick<Config, 'environment'>, names: Names): readonly [Metric, Metric] {
  return [
    serviceMetric(config, names, 'saturated', 'Average'),
    serviceMetric(config, names, 'workable_messages', 'Average'),
  ];
}

/**
 * Backlog for each task, as metric math (Application Auto Scaling user guide, "Target tracking using metric math"):
 * the messages that wait in the queue, while tasks are saturated, and those that wait in the tasks. `workable` is an average,
 * so it is of one task already, however often each reported.
 *
 * Saturated tasks are never fewer than the target wants. Where no task reports, all count as saturated: the queue is then
 * the only thing that is known, and nothing is taken away. Without a running task, the queue is the backlog: a division by
 * zero would be no data, and nothing would ever scale.
 */
export function backlogPerTask(config: Config, names: Names) {
  const { backlogPerTask: target } = config.distributor;
  const [saturated, workable] = reportedBacklog(config, names);
  const busy = `FILL(saturated, 1) >= ${SATURATED_SHARE}`;
  return [
    query('waiting', queueMetric(names.queue, 'ApproximateNumberOfMessagesVisible', 'Average')),
    query('saturated', saturated),
    query('workable', workable),
    query('running', containerInsights(names, 'RunningTaskCount', 'Average')),
    {
      id: 'backlog',
      label: 'Backlog of each task',
      expression: `IF(running > 0, IF(${busy}, waiting, 0) / running + FILL(workable, 0), waiting)`,
      returnData: false,
    },
    {
      id: 'load',
      label: 'Backlog of each task, at least the target while tasks are saturated',
      expression: `IF(running > 0 AND ${busy} AND backlog < ${target}, ${target}, backlog)`,
      returnData: true,
    },
  ];
}

function query(id: string, { namespace, name, dimensions, statistic }: Metric) {
  const metric = {
    namespace,
    metricName: name,
    dimensions: Object.entries(dimensions).map(([key, value]) => ({ name: key, value })),
  };
  return { id, metricStat: { metric, stat: statistic }, returnData: false };
}
