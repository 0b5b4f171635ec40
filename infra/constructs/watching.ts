import { CloudwatchDashboard } from '@cdktn/provider-aws/lib/cloudwatch-dashboard/index.js';
import { CloudwatchMetricAlarm } from '@cdktn/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import { SnsTopic } from '@cdktn/provider-aws/lib/sns-topic/index.js';
import { SnsTopicPolicy } from '@cdktn/provider-aws/lib/sns-topic-policy/index.js';
import { SnsTopicSubscription } from '@cdktn/provider-aws/lib/sns-topic-subscription/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { alertsTopicPolicy } from '../policies/messaging.ts';
import { type Alarm, alarmsOf } from '../values/alarms.ts';
import { overviewDashboard, tenantDashboard } from '../values/dashboards.ts';
import type { Names } from '../values/names.ts';

/** Alerts topic, alarms and dashboards. Returns the topic. */
export function createWatching(
  parent: Construct,
  deps: { config: Config; names: Names; keyArn: string | undefined; running: boolean },
): SnsTopic {
  const { config, names, keyArn, running } = deps;
  const scope = new Construct(parent, 'watching');
  const topic = new SnsTopic(scope, 'alerts', {
    name: names.alertsTopic,
    ...(keyArn === undefined ? {} : { kmsMasterKeyId: keyArn }),
  });
  new SnsTopicPolicy(scope, 'alerts-policy', { arn: topic.arn, policy: JSON.stringify(alertsTopicPolicy(names)) });
  for (const [at, endpoint] of config.alerts.emails.entries()) {
    new SnsTopicSubscription(scope, `alerts-email-${at}`, { topicArn: topic.arn, protocol: 'email', endpoint });
  }
  for (const alarm of alarmsOf(config, names)) {
    // Silence is an alarm only where something should be heard.
    if (alarm.missingData === 'breaching' && !running) continue;
    createAlarm(scope, names, alarm, topic.arn);
  }
  if (!config.alerts.essential) createDashboards(scope, config, names);
  return topic;
}

function createDashboards(scope: Construct, config: Config, names: Names): void {
  new CloudwatchDashboard(scope, 'overview', {
    dashboardName: names.overviewDashboard,
    dashboardBody: JSON.stringify(overviewDashboard(config, names)),
  });
  new CloudwatchDashboard(scope, 'tenant', {
    dashboardName: names.tenantDashboard,
    dashboardBody: JSON.stringify(tenantDashboard(config, names)),
  });
}

function createAlarm(scope: Construct, names: Names, alarm: Alarm, topicArn: string): void {
  const queries = Object.entries(alarm.metrics).map(([id, metric]) => ({
    id,
    metric: {
      namespace: metric.namespace,
      metricName: metric.name,
      dimensions: { ...metric.dimensions },
      stat: metric.statistic,
      period: alarm.periodSeconds,
    },
    returnData: alarm.expression === undefined,
  }));
  new CloudwatchMetricAlarm(scope, alarm.id, {
    alarmName: `${names.name}-${alarm.id}`,
    alarmDescription: alarm.description,
    comparisonOperator: alarm.comparison,
    threshold: alarm.threshold,
    evaluationPeriods: alarm.periods,
    datapointsToAlarm: alarm.periods,
    treatMissingData: alarm.missingData,
    metricQuery:
      alarm.expression === undefined
        ? queries
        : [...queries, { id: 'joined', expression: alarm.expression, label: alarm.id, returnData: true }],
    alarmActions: [topicArn],
    okActions: [topicArn],
  });
}
