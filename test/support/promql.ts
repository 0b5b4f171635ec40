import { collectDefaultMetrics, Registry } from 'prom-client';
import { createMetrics } from '../../service/base/metrics.ts';

/** A metric that an expression of PromQL names, with the labels that it asks of it. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export function selectorsOf(expression: string): Selector[] {
  const found = expression.matchAll(/\b((?:log_distributor|process|nodejs)_\w+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, metric = '', matchers = '']) => ({
    metric,
    labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }));
}

/** Labels by which an expression adds up. */
export function groupingsOf(expression: string): string[] {
  return [...expression.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.match(/\w+/g) ?? []);
}

/** Put on by whoever scrapes. */
const SCRAPED = ['job', 'instance'];

/** Every series that the service exports, histograms with theirs, and its labels. */
export function exportedSeries(): Map<string, ReadonlySet<string>> {
  const series = new Map<string, ReadonlySet<string>>();
  const metrics = createMetrics();
  const node = new Registry();
  collectDefaultMetrics({ register: node });
  const named = Object.values(metrics).filter((value) => 'labelNames' in value) as unknown as {
    readonly name: string;
    readonly labelNames: readonly string[];
  }[];
  const labels = new Map(named.map(({ name, labelNames }) => [name, labelNames]));
  for (const { name, type } of [...metrics.registry.getMetricsAsArray(), ...node.getMetricsAsArray()]) {
    const own = [...(labels.get(name) ?? []), ...SCRAPED];
    if (String(type) !== 'histogram') {
      series.set(name, new Set(own));
      continue;
    }
    series.set(`${name}_bucket`, new Set([...own, 'le']));
    series.set(`${name}_sum`, new Set(own));
    series.set(`${name}_count`, new Set(own));
  }
  node.clear();
  return series;
}

/** What an expression asks for that the service does not export. */
export function unknownIn(expression: string): string[] {
  const series = exportedSeries();
  const selectors = selectorsOf(expression);
  const problems = selectors.flatMap(({ metric, labels }) => {
    const known = series.get(metric);
    if (!known) return [`${metric} does not exist`];
    return labels.filter((label) => !known.has(label)).map((label) => `${metric} has no label ${label}`);
  });
  const groupings = groupingsOf(expression).filter(
    (label) => !selectors.some(({ metric }) => series.get(metric)?.has(label)),
  );
  return [...problems, ...groupings.map((label) => `nothing in it has the label ${label}`)];
}
