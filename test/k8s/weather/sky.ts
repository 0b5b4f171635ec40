import { setTimeout as delay } from 'node:timers/promises';
import type { Written } from './load.ts';
import { samplesOf, scrape, sum } from './metrics.ts';
import type { Node, PodPlan, Running } from './node.ts';
import type { Platform } from './platform.ts';
import type { VectorProcess } from './vector.ts';
import type { Weather } from './weathers.ts';

/** Lets a weather happen to nodes while their pods write. */
export interface Sky {
  /** Resolves when everything is written, and everything has happened. */
  pass(): Promise<Written>;
  /** Ends all collectors as an update does. @throws Error when one of them ends otherwise */
  end(): Promise<void>;
  /** The most that the sink's buffer on the first node held, and the exporter's page of that moment. */
  fullest(): Fullest;
}

export interface Fullest {
  readonly events: number;
  readonly bytes: number;
  readonly page: string;
}

const SCRAPE_INTERVAL_MS = 1_000;

export function createSky(weather: Weather, platform: Platform, nodes: readonly Node[]): Sky {
  const { faults = [], ends = [], deletions = [], firehoseDenies = [] } = weather;
  let vectors: readonly VectorProcess[] = nodes.map((node) => node.collect());
  const sink = weather.overlay.startsWith('firehose') ? 'firehose' : 's3';
  let fullest: Fullest = { events: 0, bytes: 0, page: '' };

  const watch = async (signal: AbortSignal) => {
    for (; !signal.aborted; await delay(SCRAPE_INTERVAL_MS)) {
      const page = (await scrape()) ?? '';
      const samples = samplesOf(page);
      const events = sum(samples, 'vector_buffer_size_events', { component_id: sink });
      if (events <= fullest.events) continue;
      fullest = { events, bytes: sum(samples, 'vector_buffer_size_bytes', { component_id: sink }), page };
    }
  };
  const endAll = async (signal: 'SIGKILL' | 'SIGTERM', awaySeconds: number) => {
    await Promise.all(vectors.map((vector) => vector.stop(signal)));
    await delay(awaySeconds * 1000);
    vectors = nodes.map((node) => node.collect());
  };
  const happen = (running: readonly Running[]) => [
    ...faults.map(async ({ atS, rule }) => {
      await delay(atS * 1000);
      platform.cloud.faults.add(rule);
      await delay(rule.forMs ?? 0);
    }),
    ...firehoseDenies.map(({ atS, seconds }) => delay(atS * 1000).then(() => platform.stream.deny(seconds))),
    ...deletions.map(async ({ atS, pod }) => {
      await delay(atS * 1000);
      await running.find(({ pods }) => pods.includes(pod))?.delete(pod);
    }),
    ...ends.map(({ atS, signal, awaySeconds }) => delay(atS * 1000).then(() => endAll(signal, awaySeconds))),
  ];
  return {
    fullest: () => fullest,
    async pass() {
      const podsOf = (node: number): PodPlan[] => weather.pods.filter((_, at) => at % nodes.length === node);
      const running = await Promise.all(nodes.map((node, at) => node.run(podsOf(at), weather.name)));
      const watching = new AbortController();
      const watched = watch(watching.signal);
      const [written] = await Promise.all([
        Promise.all(running.map((one) => one.written)).then(together),
        ...happen(running),
      ]);
      watching.abort();
      await watched;
      return written;
    },
    async end() {
      const statuses = await Promise.all(vectors.map((vector) => vector.stop('SIGTERM')));
      const wrong = statuses.find((status) => status !== 0);
      if (wrong !== undefined) throw new Error(`Vector ended with status ${wrong}`);
    },
  };
}

function together(all: readonly Written[]): Written {
  const total = (of: (one: Written) => number) => all.reduce((sum, one) => sum + of(one), 0);
  const tenants = new Set(all.flatMap(({ prints }) => [...prints.keys()]));
  const printsOf = (tenant: string) => Float64Array.from(all.flatMap(({ prints }) => [...(prints.get(tenant) ?? [])]));
  return {
    lines: total(({ lines }) => lines),
    longLines: total(({ longLines }) => longLines),
    bytes: total(({ bytes }) => bytes),
    rotations: total(({ rotations }) => rotations),
    prints: new Map([...tenants].map((tenant) => [tenant, printsOf(tenant).sort()])),
  };
}
