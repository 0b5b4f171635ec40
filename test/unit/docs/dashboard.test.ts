import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { selectorsOf, unknownIn } from '../../support/promql.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: { readonly query: string } }[];
  };
}

const file = new URL('../../../infra/grafana/dashboards/log-distributor.json', import.meta.url);
const dashboard: Dashboard = JSON.parse(await readFile(file, 'utf8'));
const graphs = dashboard.panels.filter(({ type }) => type !== 'row');

test('the dashboard asks only for metrics and labels that the service exports', () => {
  const expressions = graphs.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
  assert.ok(expressions.length > 30);
  for (const { title, expr } of expressions) {
    assert.ok(selectorsOf(expr).length > 0, `${title} asks for nothing: ${expr}`);
    assert.deepEqual(unknownIn(expr), [], `${title}: ${expr}`);
  }
});

test('what the test calls unknown is unknown', () => {
  assert.deepEqual(unknownIn('sum by (tenant) (rate(log_distributor_events_total{outcome="delivered"}[1m]))'), []);
  assert.deepEqual(unknownIn('log_distributor_event_total'), ['log_distributor_event_total does not exist']);
  assert.deepEqual(unknownIn('log_distributor_delivery_lag_seconds'), [
    'log_distributor_delivery_lag_seconds does not exist',
  ]);
  assert.deepEqual(unknownIn('sum by (reason) (log_distributor_events_total{result!="x"})'), [
    'log_distributor_events_total has no label result',
    'nothing in it has the label reason',
  ]);
});

test('the choice of tenants comes from a metric that has them, and is used', () => {
  const [tenant] = dashboard.templating.list;
  assert.equal(tenant?.name, 'tenant');
  const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(tenant.query.query) ?? [];
  assert.deepEqual(unknownIn(`${metric}{${label}="x"}`), []);
  assert.ok(graphs.some(({ targets = [] }) => targets.some(({ expr }) => expr.includes(`${label}=~"$tenant"`))));
});

test('there are rows for the overview, for tenants and for what is inside', () => {
  const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => title);
  for (const row of ['Overview', 'Tenants', 'AWS', 'Process']) assert.ok(rows.includes(row), row);
});

test('panels have ids and titles of their own, and do not overlap', () => {
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  assert.equal(new Set(dashboard.panels.map(({ title }) => title)).size, dashboard.panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x}:${y}`), `${title} lies over another panel`);
        taken.add(`${x}:${y}`);
      }
    }
  }
});
