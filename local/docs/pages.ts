import { parse, stringify } from 'yaml';
import { alertRules } from '../../infra/prometheus/rules.ts';
import { alertRows } from './alerts.ts';
import { drawDiagram, parseDiagram, THEMES } from './architecture.ts';
import { commandPage } from './commands.ts';
import { errorRows } from './errors.ts';
import { infrastructureRows } from './infrastructure.ts';
import { awsLimitRows, ownLimitRows } from './limits.ts';
import { metricRows } from './metrics.ts';
import { settingRows } from './settings.ts';
import { fillTable } from './table.ts';
import { attributeRows } from './tenants.ts';

/** A file that is derived, in whole or in part. */
export interface DerivedFile {
  /** From docs/. */
  readonly path: string;
  /** The file as it should be. */
  readonly render: (read: (path: string) => Promise<string>) => string | Promise<string>;
  /** Tables of it whose rows must be described. */
  readonly tables: readonly string[];
}

const PICTURE = 'images/architecture.yaml';

export const DERIVED_FILES: readonly DerivedFile[] = [
  picture('light'),
  picture('dark'),
  { path: 'reference/commands.md', render: commandPage, tables: [] },
  { path: '../infra/prometheus/alerts.yml', render: () => alertRules(), tables: [] },
  page('guide/operations.md', ['alerts'], (text) => fillTable(text, 'alerts', alertRows())),
  { path: '../k8s/distributor/alerts.yaml', render: () => prometheusRule(alertRules()), tables: [] },
  page('reference/settings.md', ['settings'], (text) => fillTable(text, 'settings', settingRows())),
  page('reference/infrastructure.md', ['infrastructure'], (text) =>
    fillTable(text, 'infrastructure', infrastructureRows()),
  ),
  page('reference/tenants.md', ['tenants'], (text) => fillTable(text, 'tenants', attributeRows())),
  page('reference/errors.md', ['errors'], (text) => fillTable(text, 'errors', errorRows())),
  page('reference/metrics.md', ['metrics'], (text) => fillTable(text, 'metrics', metricRows())),
  page('reference/limits.md', ['aws', 'input', 'process'], async (text) => {
    const filled = fillTable(text, 'aws', await awsLimitRows());
    const input = fillTable(filled, 'input', await ownLimitRows(text, 'input'));
    return fillTable(input, 'process', await ownLimitRows(text, 'process'));
  }),
];

/** The distributor's alert rules as an object for the Prometheus Operator. */
function prometheusRule(rules: string): string {
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'distributor', labels: { 'app.kubernetes.io/name': 'distributor' } },
    spec: parse(rules),
  };
  return `# Written by \`npm run docs\` from infra/alerts/.\n${stringify(object, { lineWidth: 0 })}`;
}

function picture(theme: keyof typeof THEMES): DerivedFile {
  return {
    path: `images/architecture-${theme}.svg`,
    render: async (read) => drawDiagram(parseDiagram(parse(await read(PICTURE))), THEMES[theme]),
    tables: [],
  };
}

function page(path: string, tables: readonly string[], fill: (text: string) => string | Promise<string>): DerivedFile {
  return { path, render: async (read) => fill(await read(path)), tables };
}
