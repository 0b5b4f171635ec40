import type { Config } from './config.ts';
import { serviceMetric } from './metric.ts';
import type { Names } from './names.ts';

/** Messages that wait, by their metric of SQS. */
const WAITING = 'ApproximateNumberOfMessagesVisible';
/** Growing may be quick; shrinking waits for the lull to last, as a task that leaves drains for up to two minutes. */
export const SCALE_OUT_COOLDOWN_SECONDS = 60;
export const SCALE_IN_COOLDOWN_SECONDS = 600;

/**
 * Waiting messages by running tasks (Application Auto Scaling user guide, "Target tracking using metric math"). HandedBack that
 * the tasks have handed back is backlog too, but invisible to SQS; they tell how much it is. What is parked is none: more
 * tasks would not help it.
 */
export function backlogPerTask(config: Config, names: Names) {
  const away = serviceMetric(config, names, 'messages_away', 'Sum');
  return [
    {
      id: 'waiting',
      metricStat: {
        metric: { namespace: 'AWS/SQS', metricName: WAITING, dimensions: [{ name: 'QueueName', value: names.queue }] },
        stat: 'Average',
      },
      returnData: false,
    },
    {
      id: 'away',
      metricStat: {
        metric: {
          namespace: away.namespace,
          metricName: away.name,
          dimensions: Object.entries(away.dimensions).map(([name, value]) => ({ name, value })),
        },
        stat: away.statistic,
      },
      returnData: false,
    },
    {
      id: 'running',
      metricStat: {
        metric: {
          namespace: 'ECS/ContainerInsights',
          metricName: 'RunningTaskCount',
          dimensions: [
            { name: 'ClusterName', value: names.cluster },
            { name: 'ServiceName', value: names.service },
          ],
        },
        stat: 'Average',
      },
      returnData: false,
    },
    // Without a running task the backlog itself: a division by nought would be no data, and nothing would ever scale.
    {
      id: 'backlog',
      label: 'Backlog per task',
      expression: 'IF(running > 0, (waiting + FILL(away, 0)) / running, waiting)',
      returnData: true,
    },
  ];
}
