import { DEPLOYMENT_TAG } from '../../names.ts';
import { ifElse, type Json, ref } from '../intrinsics.ts';
import { SLOTS } from '../parameter-list.ts';
import type { Resource } from '../stack.ts';
import { NAMES, NUMBERS } from '../symbolic.ts';

/** Budget and anomaly detection, as constructs/spending.ts makes them. */
export function spendingResources(): Readonly<Record<string, Resource>> {
  return {
    Budget: {
      Type: 'AWS::Budgets::Budget',
      Condition: 'WithBudget',
      DependsOn: 'AlertsTopicPolicy',
      Properties: {
        Budget: {
          BudgetName: NAMES.budget,
          BudgetType: 'COST',
          TimeUnit: 'MONTHLY',
          BudgetLimit: { Amount: NUMBERS.of('BudgetMonthlyUsd'), Unit: 'USD' },
          CostFilters: { TagKeyValue: [`user:${DEPLOYMENT_TAG}$${NAMES.inAccount}`] },
        },
        NotificationsWithSubscribers: [
          ...notifications('BudgetActualPercent', SLOTS.actualPercents, 'ACTUAL'),
          ...notifications('BudgetForecastPercent', SLOTS.forecastPercents, 'FORECASTED'),
        ],
      },
    },
    AnomalyMonitor: {
      Type: 'AWS::CE::AnomalyMonitor',
      Condition: 'WithAnomalyDetection',
      Properties: {
        MonitorName: NAMES.budget,
        MonitorType: 'CUSTOM',
        MonitorSpecification: JSON.stringify({
          Tags: { Key: DEPLOYMENT_TAG, Values: [NAMES.inAccount], MatchOptions: ['EQUALS'] },
        }),
      },
    },
    AnomalySubscription: {
      Type: 'AWS::CE::AnomalySubscription',
      Condition: 'WithAnomalyDetection',
      // The service looks whether it may publish.
      DependsOn: 'AlertsTopicPolicy',
      Properties: {
        SubscriptionName: NAMES.budget,
        Frequency: 'IMMEDIATE',
        MonitorArnList: [ref('AnomalyMonitor')],
        Subscribers: [{ Type: 'SNS', Address: ref('AlertsTopic') }],
        ThresholdExpression: JSON.stringify({
          Dimensions: {
            Key: 'ANOMALY_TOTAL_IMPACT_ABSOLUTE',
            MatchOptions: ['GREATER_THAN_OR_EQUAL'],
            Values: [String(NUMBERS.of('AnomalyUsd'))],
          },
        }),
      },
    },
  };
}

function notifications(parameter: string, count: number, type: 'ACTUAL' | 'FORECASTED'): readonly Json[] {
  const emails = Array.from({ length: SLOTS.emails }, (_, at) => `AlertEmail${at + 1}`);
  return Array.from({ length: count }, (_, at) =>
    ifElse(`Has${parameter}${at + 1}`, {
      Notification: {
        ComparisonOperator: 'GREATER_THAN',
        Threshold: ref(`${parameter}${at + 1}`),
        ThresholdType: 'PERCENTAGE',
        NotificationType: type,
      },
      Subscribers: [
        { SubscriptionType: 'SNS', Address: ref('AlertsTopic') },
        ...emails.map((email) => ifElse(`Has${email}`, { SubscriptionType: 'EMAIL', Address: ref(email) })),
      ],
    }),
  );
}
