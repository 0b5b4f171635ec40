import { BudgetsBudget } from '@cdktn/provider-aws/lib/budgets-budget/index.js';
import { CeAnomalyMonitor } from '@cdktn/provider-aws/lib/ce-anomaly-monitor/index.js';
import { CeAnomalySubscription } from '@cdktn/provider-aws/lib/ce-anomaly-subscription/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import type { Names } from '../names.ts';

/**
 * Budget and anomaly detection over everything that has our tags. The tags `Project` and `Environment` must be active
 * cost allocation tags, which only the payer's account can say (docs/guide/cost.md).
 */
export function createSpending(
  parent: Construct,
  { config, names, topicArn }: { config: Config; names: Names; topicArn: string },
): void {
  const scope = new Construct(parent, 'spending');
  new BudgetsBudget(scope, 'budget', {
    name: names.name,
    budgetType: 'COST',
    timeUnit: 'MONTHLY',
    limitAmount: String(config.budget.monthlyUsd),
    limitUnit: 'USD',
    // `user:<key>$<value>`: how Budgets spells a tag of ours (Billing user guide, "Budget filters").
    costFilter: [{ name: 'TagKeyValue', values: [`user:Project$${config.project}`] }],
    notification: config.budget.alertPercents.map((threshold) => ({
      comparisonOperator: 'GREATER_THAN',
      threshold,
      thresholdType: 'PERCENTAGE',
      notificationType: threshold > 100 ? 'FORECASTED' : 'ACTUAL',
      subscriberSnsTopicArns: [topicArn],
      subscriberEmailAddresses: [...config.alerts.emails],
    })),
  });
  const monitor = new CeAnomalyMonitor(scope, 'anomalies', {
    name: names.name,
    monitorType: 'CUSTOM',
    monitorSpecification: JSON.stringify({
      Tags: { Key: 'Project', Values: [config.project], MatchOptions: ['EQUALS'] },
    }),
  });
  new CeAnomalySubscription(scope, 'anomaly-alerts', {
    name: names.name,
    // To a topic, anomalies are told as they are found; only mails can be collected by day (Cost Explorer API reference).
    frequency: 'IMMEDIATE',
    monitorArnList: [monitor.arn],
    subscriber: [{ type: 'SNS', address: topicArn }],
    thresholdExpression: {
      dimension: {
        key: 'ANOMALY_TOTAL_IMPACT_ABSOLUTE',
        matchOptions: ['GREATER_THAN_OR_EQUAL'],
        values: [String(config.budget.anomalyUsd)],
      },
    },
  });
}
