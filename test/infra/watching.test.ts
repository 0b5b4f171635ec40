import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { configOf } from '../../infra/config/config.ts';
import { alarmsOf, alertsOf } from '../../infra/values/alarms.ts';
import { oldestWorkable, reportedBacklog } from '../../infra/values/backlog.ts';
import { collectorConfig, ENVIRONMENT_DIMENSION, EXPORTED_METRICS } from '../../infra/values/collector.ts';
import { overviewDashboard, tenantDashboard } from '../../infra/values/dashboards.ts';
import { exportedMetrics } from '../../infra/values/exported-metrics.ts';
import type { Metric } from '../../infra/values/metric.ts';
import { namesOf } from '../../infra/values/names.ts';
import { createMetrics } from '../../service/base/metrics.ts';

const config = configOf('production');
const names = namesOf(config, { partition: 'aws', region: 'us-east-1', accountId: '111111111111' });
const alarms = alarmsOf(config, names);
const dashboard = overviewDashboard(config, names);

/** Metric → type and labels, as docs/reference/metrics.md has them; a unit test holds that page against the registry. */
async function documented(): Promise<Map<string, { type: string; labels: readonly string[]; meaning: string }>> {
  const page = await readFile(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| `(log_distributor_\w+)` \| (\w+) \|([^|]*)\|(.*)\|$/gm);
  return new Map(
    [...rows].map(([, name = '', type = '', labels = '', meaning = '']) => [
      name,
      { type, labels: labels.match(/\w+/g) ?? [], meaning },
    ]),
  );
}

test('every exported metric is one of the service, with its label and its type', async () => {
  const metrics = await documented();
  const registered = new Set(
    createMetrics()
      .registry.getMetricsAsArray()
      .map(({ name }) => name),
  );
  for (const { name, label, histogram } of EXPORTED_METRICS) {
    assert.ok(registered.has(name), name);
    const metric = metrics.get(name);
    if (label) assert.ok(metric?.labels.includes(label), `${name} has no label ${label}`);
    assert.equal(metric?.type === 'histogram', histogram === true, name);
  }
});

test('metrics by tenant do not go to CloudWatch, where each would cost', () => {
  for (const { label } of EXPORTED_METRICS) assert.notEqual(label, 'tenant');
});

/** Metrics that a value anywhere below is made of, from alarms and from a dashboard's rows. */
const rows = dashboard.widgets.flatMap((widget) => {
  const { metrics = [] } = widget.properties as { metrics?: readonly (readonly unknown[])[] };
  return metrics.map((row): Pick<Metric, 'namespace' | 'name' | 'dimensions'> => {
    const [namespace, name, ...rest] = row.slice(0, -1).map(String);
    const dimensions = Object.fromEntries(rest.flatMap((key, at) => (at % 2 === 0 ? [[key, rest[at + 1] ?? '']] : [])));
    return { namespace: namespace ?? '', name: name ?? '', dimensions };
  });
});
const watched = [...alarms.flatMap((alarm) => Object.values(alarm.metrics)), ...rows];

test('alarms and dashboards ask only for what the collector publishes, with the dimensions that it publishes', async () => {
  const metrics = await documented();
  const own = watched.filter(({ namespace }) => namespace === names.metricsNamespace);
  assert.ok(own.length > 20);
  for (const { name, dimensions } of own) {
    const exported = EXPORTED_METRICS.find((metric) => metric.name === name);
    assert.ok(exported, `${name} is not exported`);
    const { [ENVIRONMENT_DIMENSION]: environment, ...labels } = dimensions;
    assert.equal(environment, 'production');
    for (const [label, value] of Object.entries(labels)) {
      assert.equal(label, exported.label, name);
      // `reason` has the quarantine's reasons, which docs/reference/interfaces.md lists.
      if (label !== 'reason')
        assert.match(metrics.get(name)?.meaning ?? '', new RegExp(`\`${value}\``), `${name}: ${value}`);
    }
  }
});

test('the alarm for foreign tenants has the reason that the quarantine writes', async () => {
  const interfaces = await readFile(new URL('../../docs/reference/interfaces.md', import.meta.url), 'utf8');
  const alarm = alarms.find(({ id }) => id === 'foreign-tenant');
  assert.equal(alarm?.metrics.value?.dimensions.reason, 'foreign_tenant');
  assert.match(interfaces, /`foreign_tenant`/);
});

test('there is an alarm for everything that must wake somebody up', () => {
  const ids = new Set(alarms.map(({ id }) => id));
  for (const id of [
    'firehose-delivery-failing',
    'firehose-partitions-exceeded',
    'firehose-throttled',
    'canaries-missing',
    'dead-letters',
    'queue-age',
    'queue-depth',
    'distributor-retrying',
    'delivery-lag',
    'tenant-parked',
    'quarantine-growing',
    'foreign-tenant',
    'distributor-silent',
    'tasks-missing',
    'throttled-delivery-ledger',
    'throttled-tenant-configurations',
  ]) {
    assert.ok(ids.has(id), id);
  }
  assert.equal(ids.size, alarms.length, 'two alarms have one name');
});

test('an alarm joins several metrics by an expression, which uses all of them', () => {
  for (const { id, metrics, expression } of alarms) {
    const keys = Object.keys(metrics);
    assert.ok(expression !== undefined || keys.length === 1, id);
    for (const key of keys) if (expression) assert.match(expression, new RegExp(`\\b${key}\\b`), id);
  }
});

test('without Firehose nothing watches it', () => {
  const direct = configOf('production', { ingestion: { firehose: false } });
  assert.ok(!JSON.stringify([alarmsOf(direct, names), overviewDashboard(direct, names)]).includes('Firehose'));
});

test('widgets of a dashboard do not overlap and stay within its 24 columns', () => {
  for (const { widgets } of [dashboard, tenantDashboard(config, names)]) {
    const taken = new Set<string>();
    for (const { x, y, width, height } of widgets) {
      assert.ok(x + width <= 24);
      for (let column = x; column < x + width; column++) {
        for (let row = y; row < y + height; row++) {
          const cell = `${column}:${row}`;
          assert.ok(!taken.has(cell), cell);
          taken.add(cell);
        }
      }
    }
  }
});

test("the tenant's dashboard asks the service's log for the chosen tenant only", () => {
  const { widgets, variables } = tenantDashboard(config, names);
  const [variable] = variables as { pattern: string }[];
  for (const { properties } of widgets) {
    const { query } = properties as { query: string };
    assert.ok(query.startsWith(`SOURCE '${names.serviceLogGroup}' | filter tenant = '${variable?.pattern}' | `), query);
  }
});

const props = {
  environment: 'production',
  region: 'us-east-1',
  namespace: 'LogDistributor/logs',
  logGroup: '/m',
  metrics: EXPORTED_METRICS,
  tracing: false,
  prometheusRemoteWriteUrl: undefined,
};
type Declaration = {
  dimensions: string[][];
  metric_name_selectors: string[];
  label_matchers?: { label_names: string[]; regex: string }[];
};
type Collector = {
  receivers: Record<string, unknown>;
  processors: Record<string, unknown>;
  extensions: Record<string, unknown>;
  exporters: {
    awsemf: { metric_declarations: Declaration[] };
    prometheusremotewrite?: unknown;
  };
  service: {
    extensions: string[];
    pipelines: Record<string, { receivers: string[]; processors: string[]; exporters: string[] }>;
  };
};

const REMOTE_WRITE = 'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/remote_write';
for (const [tracing, prometheusRemoteWriteUrl] of [
  [false, undefined],
  [true, undefined],
  [false, REMOTE_WRITE],
  [true, REMOTE_WRITE],
] as const) {
  const parts = `tracing ${tracing ? 'on' : 'off'}, Prometheus ${prometheusRemoteWriteUrl === undefined ? 'off' : 'on'}`;
  test(`the collector's pipelines use parts that it has, and all of them, ${parts}`, () => {
    const collector = collectorConfig({ ...props, tracing, prometheusRemoteWriteUrl }) as Collector;
    assert.deepEqual([...collector.service.extensions].sort(), Object.keys(collector.extensions).sort());
    const pipelines = Object.values(collector.service.pipelines);
    for (const kind of ['receivers', 'processors', 'exporters'] as const) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind]));
      assert.deepEqual([...used].sort(), Object.keys(collector[kind]).sort(), kind);
    }
    assert.equal('traces' in collector.service.pipelines, tracing);
    assert.equal('metrics/all' in collector.service.pipelines, prometheusRemoteWriteUrl !== undefined);
  });
}

test('Prometheus gets every series of the service, signed for the region of its workspace, with the task as a label', () => {
  const collector = collectorConfig({ ...props, prometheusRemoteWriteUrl: REMOTE_WRITE }) as Collector;
  assert.deepEqual(collector.extensions.sigv4auth, { service: 'aps', region: 'eu-west-1' });
  const { prometheusremotewrite: exporter } = collector.exporters;
  assert.deepEqual(exporter, {
    endpoint: REMOTE_WRITE,
    auth: { authenticator: 'sigv4auth' },
    resource_to_telemetry_conversion: { enabled: true },
  });
  assert.ok(JSON.stringify(collector.receivers.prometheus).includes('"action":"keep"'));
  assert.ok(!JSON.stringify(collector.receivers['prometheus/all']).includes('"action"'));
  const detector = JSON.stringify(collector.processors.resourcedetection);
  assert.ok(detector.includes('aws.log.group.names') && !detector.includes('aws.ecs.task.arn'));
  // What goes to CloudWatch, and costs there, stays as it is.
  const plain = collectorConfig(props) as Collector;
  assert.deepEqual(collector.exporters.awsemf, plain.exporters.awsemf);
  assert.deepEqual(collector.receivers.prometheus, plain.receivers.prometheus);
});

test('a scraped series is kept exactly when its metric is exported, histograms with all their series', () => {
  const collector = collectorConfig(props);
  const [, regex = ''] = /"regex":"([^"]+)"/.exec(JSON.stringify(collector)) ?? [];
  const keep = new RegExp(`^(?:${regex})$`);
  for (const series of [
    'events_total',
    'delivery_lag_seconds_bucket',
    'delivery_lag_seconds_sum',
    'messages_in_flight',
  ]) {
    assert.match(`log_distributor_${series}`, keep);
  }
  for (const series of [
    'log_distributor_retries_total',
    'nodejs_eventloop_lag_seconds',
    'log_distributor_events_total_x',
  ]) {
    assert.doesNotMatch(series, keep);
  }
});

test('a metric is published once without its label, and once for each value of it that is wanted', () => {
  const declarations = (collectorConfig(props) as Collector).exporters.awsemf.metric_declarations;
  for (const { name, label, values } of EXPORTED_METRICS) {
    const own = declarations.filter((it) => it.metric_name_selectors.some((pattern) => new RegExp(pattern).test(name)));
    assert.deepEqual(
      own.flatMap(({ dimensions }) => dimensions),
      label ? [['Environment'], ['Environment', label]] : [['Environment']],
      name,
    );
    const matchers = own.flatMap(({ label_matchers: wanted = [] }) => wanted);
    assert.equal(matchers.length, values ? 1 : 0, name);
    for (const { label_names: labels, regex } of matchers) {
      assert.deepEqual(labels, [label]);
      for (const value of values ?? []) assert.match(value, new RegExp(regex));
      assert.doesNotMatch('another', new RegExp(regex));
      assert.ok(
        own.find((it) => it.label_matchers)?.dimensions.every((set) => set.length === 2),
        name,
      );
    }
  }
});

test('whoever asks for a value of a label asks for one that is published', () => {
  for (const { name, dimensions } of watched) {
    const exported = EXPORTED_METRICS.find((metric) => metric.name === name);
    const value = dimensions[exported?.label ?? ''];
    if (exported?.values && value !== undefined) assert.ok(exported.values.includes(value), `${name}: ${value}`);
  }
});

test('no more metrics go to CloudWatch than the alarms, the dashboards and autoscaling look at', async () => {
  const scaling = await readFile(new URL('../../infra/constructs/scaling.ts', import.meta.url), 'utf8');
  for (const { name } of EXPORTED_METRICS) {
    assert.ok(
      watched.some((metric) => metric.name === name) || scaling.includes(name.replace('log_distributor_', '')),
      name,
    );
  }
});

test('every alert has at least one form, and says why where the other is missing', () => {
  const alerts = alertsOf(config, names);
  for (const { id, name, cloudwatch, prometheus, ...alert } of alerts) {
    assert.ok(cloudwatch ?? prometheus, id);
    if (!prometheus) assert.match('noPrometheus' in alert ? alert.noPrometheus : '', /\.$/, id);
    if (!cloudwatch) assert.match('noCloudWatch' in alert ? alert.noCloudWatch : '', /\.$/, id);
    assert.match(name, /^Log[A-Z]\w+$/);
    assert.match(id, /^[a-z-]+$/);
  }
  const both = alerts.filter(({ cloudwatch, prometheus }) => cloudwatch && prometheus);
  assert.ok(both.length >= 19, `${both.length} have both`);
});

test('an alarm says what happened and ends with the link to its section, in as many characters as CloudWatch takes', () => {
  const page = 'https://wiki.example.com/operations';
  const linked = alarmsOf(configOf('production', { alerts: { runbookUrl: page } }), names);
  for (const { id, description } of linked) {
    assert.match(
      description,
      /\. Severity: (page|ticket)\. Runbook: https:\/\/wiki\.example\.com\/operations#log\w+$/,
      id,
    );
    assert.ok(description.length <= 1024, id);
  }
  for (const { description } of alarms) assert.match(description, / Runbook: docs\/guide\/operations\.md#log\w+$/);
});

test('the essential alarms page or watch what is free, and all that they and autoscaling look at is published, and no more', () => {
  const economy = configOf('any', { alerts: { essential: true } });
  const some = alarmsOf(economy, names);
  const severities = new Map(alertsOf(economy, names).map(({ id, severity }) => [id, severity]));
  const free = some
    .filter(({ id }) => severities.get(id) === 'ticket')
    .flatMap(({ metrics }) => Object.values(metrics));
  for (const { namespace, name } of free) assert.match(namespace, /^AWS\//, name);
  const pages = alarmsOf(configOf('any'), names).filter(({ id }) => severities.get(id) === 'page');
  assert.ok(pages.length > 3 && free.length > 3);
  for (const { id } of pages)
    assert.ok(
      some.some((alarm) => alarm.id === id),
      id,
    );

  const exported = exportedMetrics(economy, names);
  const scaling = [...reportedBacklog(economy, names), oldestWorkable(economy, names)];
  const looked = [...some.flatMap((alarm) => Object.values(alarm.metrics)), ...scaling].filter(
    ({ namespace }) => namespace === names.metricsNamespace,
  );
  assert.deepEqual(new Set(exported.map(({ name }) => name)), new Set(looked.map(({ name }) => name)));
  for (const { name, dimensions } of looked) {
    const metric = exported.find((each) => each.name === name);
    const { [ENVIRONMENT_DIMENSION]: _, ...labels } = dimensions;
    for (const [label, value] of Object.entries(labels)) {
      assert.equal(label, metric?.label, name);
      assert.ok(metric?.values?.includes(value), `${name}: ${value}`);
    }
  }
  assert.deepEqual(exportedMetrics(configOf('any'), names), EXPORTED_METRICS);
});
