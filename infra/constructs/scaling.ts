import { AppautoscalingPolicy } from '@cdktn/provider-aws/lib/appautoscaling-policy/index.js';
import { AppautoscalingTarget } from '@cdktn/provider-aws/lib/appautoscaling-target/index.js';
import { CloudwatchMetricAlarm } from '@cdktn/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import type { EcsService } from '@cdktn/provider-aws/lib/ecs-service/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { serviceMetric } from '../metric.ts';
import type { Names } from '../names.ts';

/** Messages that wait, by their metric of SQS. */
const WAITING = 'ApproximateNumberOfMessagesVisible';
/** Growing may be quick; shrinking waits for the lull to last, as a task that leaves drains for up to two minutes. */
const SCALE_OUT_COOLDOWN_SECONDS = 60;
const SCALE_IN_COOLDOWN_SECONDS = 600;

/**
 * Two rules: as many tasks as keep the backlog of each at its target, and more when the oldest message has waited too
 * long, whatever the backlog: one object can be large.
 */
export function createScaling(
  parent: Construct,
  deps: { readonly config: Config; readonly names: Names; readonly service: EcsService },
): void {
  const { names, service } = deps;
  const config = deps.config.distributor;
  const scope = new Construct(parent, 'scaling');
  const target = new AppautoscalingTarget(scope, 'target', {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: `service/${names.cluster}/${service.name}`,
    minCapacity: config.tasksMin,
    maxCapacity: config.tasksMax,
  });
  const common = {
    serviceNamespace: target.serviceNamespace,
    scalableDimension: target.scalableDimension,
    resourceId: target.resourceId,
  };
  new AppautoscalingPolicy(scope, 'backlog', {
    ...common,
    name: `${names.name}-backlog-per-task`,
    policyType: 'TargetTrackingScaling',
    targetTrackingScalingPolicyConfiguration: {
      targetValue: config.backlogPerTask,
      scaleOutCooldown: SCALE_OUT_COOLDOWN_SECONDS,
      scaleInCooldown: SCALE_IN_COOLDOWN_SECONDS,
      customizedMetricSpecification: { metrics: backlogPerTask(deps.config, names) },
    },
  });
  const scaleOut = new AppautoscalingPolicy(scope, 'age', {
    ...common,
    name: `${names.name}-oldest-message`,
    policyType: 'StepScaling',
    stepScalingPolicyConfiguration: {
      adjustmentType: 'PercentChangeInCapacity',
      minAdjustmentMagnitude: 1,
      metricAggregationType: 'Maximum',
      cooldown: 300,
      stepAdjustment: [{ metricIntervalLowerBound: '0', scalingAdjustment: 50 }],
    },
  });
  new CloudwatchMetricAlarm(scope, 'age-alarm', {
    alarmName: `${names.name}-scale-out-by-age`,
    alarmDescription: `Autoscaling: the oldest message has waited ${config.scaleOutAgeSeconds} s, so tasks are added.`,
    namespace: 'AWS/SQS',
    metricName: 'ApproximateAgeOfOldestMessage',
    dimensions: { QueueName: names.queue },
    statistic: 'Maximum',
    period: 60,
    evaluationPeriods: 3,
    comparisonOperator: 'GreaterThanThreshold',
    threshold: config.scaleOutAgeSeconds,
    treatMissingData: 'notBreaching',
    alarmActions: [scaleOut.arn],
  });
}

/**
 * Waiting messages by running tasks (Application Auto Scaling user guide, "Target tracking using metric math"). HandedBack that
 * the tasks have handed back is backlog too, but invisible to SQS; they tell how much it is. What is parked is none: more
 * tasks would not help it.
 */
function backlogPerTask(config: Config, names: Names) {
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
