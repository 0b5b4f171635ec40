import { DEPLOYMENT_TAG } from '../../values/names.ts';
import { SLOTS } from '../choices.ts';
import { ifElse, type Json, ref } from '../intrinsics.ts';
import type { Resource, Stack } from '../stack.ts';
import { NAMES, NUMBERS } from '../symbolic.ts';
import { outputOf } from './inputs.ts';

/**
 * Budget and anomaly detection, as constructs/spending.ts makes them. A stack of its own, as CloudFormation in GovCloud
 * refuses a template with their types, even where a condition leaves them out.
 */
export function spendingStack(): Stack {
  return {
    description: 'Log distributor: budget and anomaly detection',
    condition: 'WithSpending',
    inputs: { AlertsTopicArn: { description: 'Topic of all alerts', value: outputOf('Monitoring', 'AlertsTopicArn') } },
    resources: spendingResources(),
    outputs: {},
  };
}

function spendingResources(): Readonly<Record<string, Resource>> {
  return {
    Budget: {
      Type: 'AWS::Budgets::Budget',
      Condition: 'WithBudget',
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
      Properties: {
        SubscriptionName: NAMES.budget,
        Frequency: 'IMMEDIATE',
        MonitorArnList: [ref('AnomalyMonitor')],
        Subscribers: [{ Type: 'SNS', Address: ref('AlertsTopicArn') }],
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
        { SubscriptionType: 'SNS', Address: ref('AlertsTopicArn') },
        ...emails.map((email) => ifElse(`Has${email}`, { SubscriptionType: 'EMAIL', Address: ref(email) })),
      ],
    }),
  );
}
