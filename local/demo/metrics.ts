/** Reads Prometheus' text format, as far as the service writes it. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export async function fetchSamples(serviceUrl: string): Promise<Sample[]> {
  const answer = await fetch(`${serviceUrl}/metrics`);
  if (!answer.ok) throw new Error(`${serviceUrl}/metrics answers ${answer.status}`);
  return parseSamples(await answer.text());
}

export function parseSamples(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const [, name = '', labels = '', value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    const pairs = labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
    samples.push({ name, labels: Object.fromEntries([...pairs].map(([, k, v]) => [k, v])), value: Number(value) });
  }
  return samples;
}

/** Sum of a metric over all samples that have these labels. */
export function sumOf(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v))
    .reduce((sum, { value }) => sum + value, 0);
}
