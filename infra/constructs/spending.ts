import { BudgetsBudget } from '@cdktn/provider-aws/lib/budgets-budget/index.js';
import { CeAnomalyMonitor } from '@cdktn/provider-aws/lib/ce-anomaly-monitor/index.js';
import { CeAnomalySubscription } from '@cdktn/provider-aws/lib/ce-anomaly-subscription/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { DEPLOYMENT_TAG, type Names } from '../values/names.ts';

interface SpendingDeps {
  readonly config: Config;
  readonly names: Names;
  readonly topicArn: string;
}

/**
 * Budget and anomaly detection over everything of this deployment, each unless the settings leave it out. The tag
 * `Deployment` must be an active cost allocation tag, which only the payer's account can say (docs/guide/cost.md).
 */
export function createSpending(parent: Construct, deps: SpendingDeps): void {
  const scope = new Construct(parent, 'spending');
  const { monthlyUsd, anomalyUsd } = deps.config.budget;
  if (monthlyUsd !== null) createBudget(scope, deps, monthlyUsd);
  if (anomalyUsd !== null) createAnomalyDetection(scope, deps, anomalyUsd);
}

function createBudget(scope: Construct, { config, names, topicArn }: SpendingDeps, monthlyUsd: number): void {
  new BudgetsBudget(scope, 'budget', {
    name: names.budget,
    budgetType: 'COST',
    timeUnit: 'MONTHLY',
    limitAmount: String(monthlyUsd),
    limitUnit: 'USD',
    // `user:<key>$<value>`: how Budgets spells a tag of ours (Billing user guide, "Budget filters").
    costFilter: [{ name: 'TagKeyValue', values: [`user:${DEPLOYMENT_TAG}$${names.inAccount}`] }],
    notification: config.budget.alertPercents.map((threshold) => ({
      comparisonOperator: 'GREATER_THAN',
      threshold,
      thresholdType: 'PERCENTAGE',
      notificationType: threshold > 100 ? 'FORECASTED' : 'ACTUAL',
      subscriberSnsTopicArns: [topicArn],
      subscriberEmailAddresses: [...config.alerts.emails],
    })),
  });
}

function createAnomalyDetection(scope: Construct, { names, topicArn }: SpendingDeps, anomalyUsd: number): void {
  const monitor = new CeAnomalyMonitor(scope, 'anomalies', {
    name: names.budget,
    monitorType: 'CUSTOM',
    // One tag: a monitor does not take expressions of several.
    monitorSpecification: JSON.stringify({
      Tags: { Key: DEPLOYMENT_TAG, Values: [names.inAccount], MatchOptions: ['EQUALS'] },
    }),
  });
  new CeAnomalySubscription(scope, 'anomaly-alerts', {
    name: names.budget,
    // To a topic, anomalies are told as they are found; only mails can be collected by day (Cost Explorer API reference).
    frequency: 'IMMEDIATE',
    monitorArnList: [monitor.arn],
    subscriber: [{ type: 'SNS', address: topicArn }],
    thresholdExpression: {
      dimension: {
        key: 'ANOMALY_TOTAL_IMPACT_ABSOLUTE',
        matchOptions: ['GREATER_THAN_OR_EQUAL'],
        values: [String(anomalyUsd)],
      },
    },
  });
}
