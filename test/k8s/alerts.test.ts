import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { exposition, hasSeries, selectorsIn } from './support/exposition.ts';
import { pathOf } from './support/kustomize.ts';

const alert = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum(['page', 'ticket']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string() }),
});
const ruleFile = z.looseObject({
  spec: z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(alert) })) }),
});
const { spec } = ruleFile.parse(parse(readFileSync(pathOf('vector/components/alerts/rules.yaml'), 'utf8')));
const rules = spec.groups.flatMap((group) => group.rules);

const here = new URL('prometheus/', import.meta.url);
const cases = z
  .looseObject({
    tests: z.array(
      z.looseObject({
        alert_rule_test: z.array(z.looseObject({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })),
      }),
    ),
  })
  .parse(parse(readFileSync(new URL('collectors.test.yml', here), 'utf8')))
  .tests.flatMap(({ alert_rule_test }) => alert_rule_test);
/** `losses.txt` is what a real Vector exported after the weather `losses` (weather/weathers.ts), without what no rule is about. */
const real = ['stalled.txt', 'after.txt', 'losses.txt'].flatMap((name) => exposition(new URL(name, here)));

/** Series that none of the expositions has. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  // lib/vector-buffers/src/internal_events.rs
  vector_buffer_discarded_events_total: ['component_id', 'host'],
  // Prometheus itself.
  up: ['job', 'pod'],
};

/** What is wrong with the metrics and labels that an expression selects; empty when a real Vector has them all. */
function unknownSeries(expr: string): string[] {
  return selectorsIn(expr).flatMap(({ metric, labels }) => {
    const known = KNOWN[metric];
    const found = known ? labels.every((label) => known.includes(label)) : hasSeries(real, metric, labels);
    return found ? [] : [`${metric}{${labels.join()}}`];
  });
}

for (const { alert: name, expr } of rules) {
  test(`${name} asks for series that a real Vector exports, and has a case in which it fires and one in which it does not`, () => {
    assert.ok(selectorsIn(expr).length > 0);
    assert.deepEqual(unknownSeries(expr), []);
    const own = cases.filter(({ alertname }) => alertname === name);
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      'fires',
    );
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      'does not fire',
    );
  });
}

test('what the test calls unknown is unknown', () => {
  assert.deepEqual(unknownSeries('vector_buffer_size{a="b"} > 0'), ['vector_buffer_size{a}']);
  assert.deepEqual(unknownSeries('vector_buffer_size_bytes{nobody="b"}'), ['vector_buffer_size_bytes{nobody}']);
});

test('the dashboard asks for series that a real Vector exports, in panels that do not overlap', () => {
  const panel = z.looseObject({
    title: z.string(),
    gridPos: z.strictObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
    targets: z.array(z.looseObject({ expr: z.string() })).default([]),
  });
  const { panels } = z
    .looseObject({ panels: z.array(panel) })
    .parse(JSON.parse(readFileSync(pathOf('vector/components/alerts/collectors.json'), 'utf8')));
  assert.ok(panels.length >= 10);
  for (const { title, targets } of panels) {
    assert.ok(targets.length > 0, title);
    for (const { expr } of targets) assert.deepEqual(unknownSeries(expr), [], title);
  }
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
});

const missing =
  spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0 ? false : 'there is no promtool here';

test('promtool finds the rules right, and every case as it should be', { skip: missing }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'collector-rules-'));
  try {
    writeFileSync(join(folder, 'collectors.rules.yml'), stringify(spec));
    writeFileSync(join(folder, 'collectors.test.yml'), readFileSync(new URL('collectors.test.yml', here)));
    for (const args of [
      ['check', 'rules', 'collectors.rules.yml'],
      ['test', 'rules', 'collectors.test.yml'],
    ]) {
      const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
      assert.equal(status, 0, `${stdout}${stderr}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
