import {
  backlogPerTask,
  oldestWorkable,
  SCALE_IN_COOLDOWN_SECONDS,
  SCALE_OUT_COOLDOWN_SECONDS,
} from '../../values/backlog.ts';
import { type JsonObject, ref, toJson } from '../intrinsics.ts';
import { pascalKeys } from '../pascal.ts';
import { type Resource, when } from '../stack.ts';
import { NAMES, NUMBERS, symbolicConfig } from '../symbolic.ts';

/** Made by Application Auto Scaling itself; only GovCloud's CloudFormation wants to be told. */
const SERVICE_ROLE =
  'aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService';

/** Autoscaling by backlog and by age, as constructs/scaling.ts makes it. */
export function scalingResources({
  running,
  scaled,
}: {
  readonly running: string;
  /** Where the number of tasks changes, too. */
  readonly scaled: string;
}): Readonly<Record<string, Resource>> {
  const { partition, accountId } = NAMES.place;
  const age = oldestWorkable(symbolicConfig(), NAMES);
  const target: JsonObject = {
    ServiceNamespace: 'ecs',
    ScalableDimension: 'ecs:service:DesiredCount',
    ResourceId: `service/${NAMES.cluster}/${NAMES.service}`,
  };
  return {
    ScalableTarget: when(running, {
      Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
      DependsOn: 'Service',
      Properties: {
        ...target,
        MinCapacity: NUMBERS.of('TasksMin'),
        MaxCapacity: NUMBERS.of('TasksMax'),
        RoleARN: `arn:${partition}:iam::${accountId}:role/${SERVICE_ROLE}`,
      },
    }),
    ScaleByBacklog: when(scaled, {
      Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
      DependsOn: 'ScalableTarget',
      Properties: {
        ...target,
        PolicyName: `${NAMES.name}-backlog-per-task`,
        PolicyType: 'TargetTrackingScaling',
        TargetTrackingScalingPolicyConfiguration: {
          TargetValue: NUMBERS.of('BacklogPerTask'),
          ScaleOutCooldown: SCALE_OUT_COOLDOWN_SECONDS,
          ScaleInCooldown: SCALE_IN_COOLDOWN_SECONDS,
          CustomizedMetricSpecification: { Metrics: pascalKeys(toJson(backlogPerTask(symbolicConfig(), NAMES))) },
        },
      },
    }),
    ScaleByAge: when(scaled, {
      Type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
      DependsOn: 'ScalableTarget',
      Properties: {
        ...target,
        PolicyName: `${NAMES.name}-oldest-message`,
        PolicyType: 'StepScaling',
        StepScalingPolicyConfiguration: {
          AdjustmentType: 'PercentChangeInCapacity',
          MinAdjustmentMagnitude: 1,
          MetricAggregationType: 'Maximum',
          Cooldown: 300,
          StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 50 }],
        },
      },
    }),
    ScaleOutAlarm: when(scaled, {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmName: `${NAMES.name}-scale-out-by-age`,
        AlarmDescription: `Autoscaling: a message has waited ${NUMBERS.of('ScaleOutAgeSeconds')} s for capacity, so tasks are added.`,
        Namespace: age.namespace,
        MetricName: age.name,
        Dimensions: Object.entries(age.dimensions).map(([name, value]) => ({ Name: name, Value: value })),
        Statistic: age.statistic,
        Period: 60,
        EvaluationPeriods: 3,
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: NUMBERS.of('ScaleOutAgeSeconds'),
        TreatMissingData: 'notBreaching',
        AlarmActions: [ref('ScaleByAge')],
      },
    }),
  };
}
