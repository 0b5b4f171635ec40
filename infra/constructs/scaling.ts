import { AppautoscalingPolicy } from '@cdktn/provider-aws/lib/appautoscaling-policy/index.js';
import { AppautoscalingTarget } from '@cdktn/provider-aws/lib/appautoscaling-target/index.js';
import { CloudwatchMetricAlarm } from '@cdktn/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import type { EcsService } from '@cdktn/provider-aws/lib/ecs-service/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import {
  backlogPerTask,
  oldestWorkable,
  SCALE_IN_COOLDOWN_SECONDS,
  SCALE_OUT_COOLDOWN_SECONDS,
  scales,
} from '../values/backlog.ts';
import type { Names } from '../values/names.ts';

/**
 * The bounds of the number of tasks, and where they differ two rules: as many tasks as keep the backlog of each at its target, and more when the oldest message that waits for
 * capacity has waited too long, whatever the backlog.
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
  if (!scales(deps.config)) return;
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
  const age = oldestWorkable(deps.config, names);
  new CloudwatchMetricAlarm(scope, 'age-alarm', {
    alarmName: `${names.name}-scale-out-by-age`,
    alarmDescription: `Autoscaling: a message has waited ${config.scaleOutAgeSeconds} s for capacity, so tasks are added.`,
    namespace: age.namespace,
    metricName: age.name,
    dimensions: { ...age.dimensions },
    statistic: age.statistic,
    period: 60,
    evaluationPeriods: 3,
    comparisonOperator: 'GreaterThanThreshold',
    threshold: config.scaleOutAgeSeconds,
    treatMissingData: 'notBreaching',
    alarmActions: [scaleOut.arn],
  });
}
