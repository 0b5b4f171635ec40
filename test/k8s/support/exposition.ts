import { readFileSync } from 'node:fs';

/** One series of a page of metrics: its name, and the names of its labels. */
export interface Series {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** The series of a page in Prometheus' text format. */
export function exposition(file: URL): Series[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, metric = '', labels = ''] = /^(\w+)(?:\{([^}]*)\})?/.exec(line) ?? [];
      return { metric, labels: [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label) };
    });
}

export function hasSeries(all: readonly Series[], metric: string, labels: readonly string[]): boolean {
  return all.some((series) => series.metric === metric && labels.every((label) => series.labels.includes(label)));
}

/** The metrics that an expression of PromQL selects, with the labels that it selects them by. */
export function selectorsIn(expr: string): Series[] {
  return [...expr.matchAll(/\b((?:vector|collector)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', labels = '']) => ({
      metric,
      labels: [...labels.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    }),
  );
}
