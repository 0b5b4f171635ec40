import { setTimeout as delay } from 'node:timers/promises';

/** One series of Vector's exporter. */
export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The port of the sink `metrics` in k8s/vector/base/vector.yaml. */
const URL = 'http://127.0.0.1:9598/metrics';
const PATIENCE_MS = 120_000;

/** @returns undefined while nobody answers */
export async function scrape(): Promise<string | undefined> {
  return fetch(URL).then(
    (response) => (response.ok ? response.text() : undefined),
    () => undefined,
  );
}

export async function untilScraped(): Promise<string> {
  for (const giveUpMs = performance.now() + PATIENCE_MS; performance.now() < giveUpMs; await delay(100)) {
    const page = await scrape();
    if (page !== undefined) return page;
  }
  throw new Error(`Vector's exporter does not answer at ${URL}`);
}

/** @param page in Prometheus' text format */
export function samplesOf(page: string): Sample[] {
  return page
    .split('\n')
    .map((line) => /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line))
    .filter((match) => match !== null)
    .map(([, metric = '', labels = '', value]) => ({
      metric,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, text]) => [name, text]),
      ),
      value: Number(value),
    }));
}

/** Sum of the series of a metric that have these labels; 0 when there is none. */
export function sum(samples: readonly Sample[], metric: string, labels: Sample['labels'] = {}): number {
  return samples
    .filter((one) => one.metric === metric && Object.entries(labels).every(([name, text]) => one.labels[name] === text))
    .reduce((total, { value }) => total + value, 0);
}
