import { alertsTopicPolicy } from '../../policies/messaging.ts';
import { type Alarm, alarmsOf } from '../../values/alarms.ts';
import { overviewDashboard, tenantDashboard } from '../../values/dashboards.ts';
import { BUFFER_INTERVALS_SECONDS, SLOTS } from '../choices.ts';
import { lateSeconds } from '../computed.ts';
import { findInMap, ifElse, type Json, type JsonObject, ref, toJson } from '../intrinsics.ts';
import { textOf } from '../placeholders.ts';
import { pascalCase } from '../service-settings.ts';
import { type Resource, type Stack, when } from '../stack.ts';
import { NAMES, type Switches, symbolicConfig } from '../symbolic.ts';
import { vary } from '../vary.ts';
import { keyInput } from './inputs.ts';

const LATE = 'BufferIntervals';

/** Alerts topic, alarms, dashboards. */
export function monitoringStack(): Stack {
  return {
    description: 'Log distributor: alerts topic, alarms, dashboards',
    mappings: {
      [LATE]: Object.fromEntries(
        BUFFER_INTERVALS_SECONDS.map((seconds) => [String(seconds), { LateSeconds: lateSeconds(seconds) }]),
      ),
    },
    inputs: keyInput('Messaging'),
    resources: {
      AlertsTopic: {
        Type: 'AWS::SNS::Topic',
        Properties: {
          TopicName: NAMES.alertsTopic,
          KmsMasterKeyId: ifElse('WithOwnKeys', textOf('MessagingKeyArn')),
        },
      },
      AlertsTopicPolicy: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { Topics: [ref('AlertsTopic')], PolicyDocument: toJson(alertsTopicPolicy(NAMES)) },
      },
      ...emailSubscriptions(),
      ...alarms(),
      Overview: dashboard(
        NAMES.overviewDashboard,
        vary(['WithFirehose'], (on) => JSON.stringify(overviewDashboard(symbolicConfig(on), NAMES))),
      ),
      TenantDashboard: dashboard(NAMES.tenantDashboard, JSON.stringify(tenantDashboard(symbolicConfig(), NAMES))),
    },
    outputs: { AlertsTopicArn: { Description: 'Topic of all alerts', Value: ref('AlertsTopic') } },
  };
}

function emailSubscriptions(): Readonly<Record<string, Resource>> {
  const slots = Array.from({ length: SLOTS.emails }, (_, at) => `AlertEmail${at + 1}`);
  return Object.fromEntries(
    slots.map((slot) => [
      `${slot}Subscription`,
      when(`Has${slot}`, {
        Type: 'AWS::SNS::Subscription',
        Properties: { TopicArn: ref('AlertsTopic'), Protocol: 'email', Endpoint: ref(slot) },
      }),
    ]),
  );
}

function alarms(): Readonly<Record<string, Resource>> {
  const idsOf = (on: Switches) => new Set(alarmsOf(symbolicConfig(on), NAMES).map(({ id }) => id));
  const without = { firehose: idsOf({ WithFirehose: false }), others: idsOf({ WithEssentialAlerts: true }) };
  return Object.fromEntries(
    alarmsOf(symbolicConfig(), NAMES).map((alarm) => {
      const conditions = [
        ...(without.firehose.has(alarm.id) ? [] : ['WithFirehose']),
        ...(without.others.has(alarm.id) ? [] : ['WithAllAlerts']),
        // Silence is an alarm only where something should be heard.
        ...(alarm.missingData === 'breaching' ? ['IsRunning'] : []),
      ];
      const [condition, another] = conditions;
      if (another !== undefined) throw new Error(`${alarm.id} needs a condition for ${conditions.join(' and ')}`);
      return [`Alarm${pascalCase(alarm.id)}`, when(condition, alarmResource(alarm))];
    }),
  );
}

function alarmResource(alarm: Alarm): Resource {
  const queries: Json[] = Object.entries(alarm.metrics).map(([id, metric]) => ({
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: metric.namespace,
        MetricName: metric.name,
        Dimensions: Object.entries(metric.dimensions).map(([name, value]) => ({ Name: name, Value: value })),
      },
      Stat: metric.statistic,
      Period: alarm.periodSeconds,
    },
    ReturnData: alarm.expression === undefined,
  }));
  const joined: readonly JsonObject[] =
    alarm.expression === undefined
      ? []
      : [{ Id: 'joined', Expression: alarm.expression, Label: alarm.id, ReturnData: true }];
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: `${NAMES.name}-${alarm.id}`,
      AlarmDescription: alarm.description,
      ComparisonOperator: alarm.comparison,
      Threshold: thresholdOf(alarm),
      EvaluationPeriods: alarm.periods,
      DatapointsToAlarm: alarm.periods,
      TreatMissingData: alarm.missingData,
      Metrics: [...queries, ...joined],
      AlarmActions: [ref('AlertsTopic')],
      OKActions: [ref('AlertsTopic')],
    },
  };
}

/** The one threshold that is computed from a setting. */
function thresholdOf({ threshold }: Alarm): Json {
  const late = lateSeconds(symbolicConfig().ingestion.bufferIntervalSeconds);
  return threshold === late ? findInMap(LATE, ref('BufferIntervalSeconds'), 'LateSeconds') : threshold;
}

function dashboard(name: string, body: Json): Resource {
  return when('WithAllAlerts', {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: { DashboardName: name, DashboardBody: body },
  });
}
