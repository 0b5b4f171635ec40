import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PROGRESS_AGE,
  PROGRESS_DIMENSIONS,
  PROGRESS_METRICS,
  PROGRESS_NAMESPACE,
} from '../../../service/core/progress-event.ts';
import { readTemplate } from '../../support/template.ts';

/** The customer's alarm and dashboard watch what the service writes. */
const GIVEN = {
  TenantId: 'acme',
  ExternalId: 'between-acme-and-the-platform',
  DistributorRoleArn: 'arn:aws:iam::111111111111:role/distributor',
};

test('the alarm of the template watches the age of the furthest process, and silence', async () => {
  const template = await readTemplate('customer-account.yaml');
  const { resources } = template.evaluate({ ...GIVEN, BehindAlarmSeconds: '900' });
  const { Namespace, MetricName, Dimensions, Statistic, Threshold, TreatMissingData, AlarmActions } =
    resources.BehindAlarm?.Properties ?? {};
  assert.deepEqual([Namespace, MetricName, Statistic], [PROGRESS_NAMESPACE, PROGRESS_AGE, 'Maximum']);
  assert.deepEqual(Dimensions, [
    { Name: PROGRESS_DIMENSIONS[0], Value: 'acme' },
    { Name: PROGRESS_DIMENSIONS[1], Value: 'cloudwatch' },
  ]);
  assert.deepEqual([Number(Threshold), TreatMissingData, AlarmActions], [900, 'breaching', []]);
});

test('the dashboard of the template shows each metric, and without being asked for there is neither', async () => {
  const template = await readTemplate('customer-account.yaml');
  const { resources } = template.evaluate({ ...GIVEN, ProgressDashboard: 'true' });
  const { widgets } = JSON.parse(String(resources.Dashboard?.Properties.DashboardBody)) as {
    widgets: { properties: { metrics: string[][] } }[];
  };
  const shown = widgets.flatMap(({ properties }) => properties.metrics);
  assert.deepEqual(
    shown,
    PROGRESS_METRICS.map((name) => [
      PROGRESS_NAMESPACE,
      name,
      PROGRESS_DIMENSIONS[0],
      'acme',
      PROGRESS_DIMENSIONS[1],
      'cloudwatch',
    ]),
  );
  assert.deepEqual(Object.keys(template.evaluate(GIVEN).resources), ['Role']);
});
