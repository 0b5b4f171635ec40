import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { alertRules } from '../../../infra/prometheus/rules.ts';
import { selectorsOf, unknownIn } from '../../support/promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface Case {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

const folder = new URL('../../../infra/prometheus/', import.meta.url);
const read = async (name: string) => parse(await readFile(new URL(name, folder), 'utf8'));
const own: { groups: { rules: Rule[] }[] } = await read('alerts.yml');
const { tests }: { tests: { alert_rule_test: Case[] }[] } = await read('alerts.test.yml');
const rules = own.groups.flatMap((group) => group.rules);
const cases = tests.flatMap((one) => one.alert_rule_test);

for (const { alert, expr, labels, annotations } of rules) {
  test(`${alert} asks only for what the service exports`, () => {
    if (alert !== 'LogDistributorDown') assert.ok(selectorsOf(expr).length > 0, expr);
    assert.deepEqual(unknownIn(expr), []);
    assert.match(labels.severity, /^(page|ticket)$/);
    assert.ok(annotations.summary && annotations.description);
    assert.equal(annotations.runbook_url, `docs/guide/operations.md#${alert.toLowerCase()}`);
  });

  test(`${alert} has a case in which it fires, and one in which it does not`, () => {
    const own = cases.filter(({ alertname }) => alertname === alert);
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      'no case in which it fires',
    );
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      'no case in which it does not',
    );
  });
}

test('the rules can have links to a runbook that is elsewhere', () => {
  const { groups: linked }: typeof own = parse(alertRules('https://wiki.example.com/operations'));
  for (const { alert, annotations } of linked.flatMap((group) => group.rules)) {
    assert.equal(annotations.runbook_url, `https://wiki.example.com/operations#${alert.toLowerCase()}`);
  }
});

const missing =
  spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status === 0 ? false : 'there is no promtool here';

test('promtool finds the rules right, and every case as it should be', { skip: missing }, () => {
  for (const args of [
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: fileURLToPath(folder), encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}${stderr}`);
  }
});
