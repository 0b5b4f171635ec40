import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../support/cluster.ts';
import { judge, quietWaits, type Verdict, type Waits } from './judge.ts';
import { samplesOf, scrape, sum, untilScraped } from './metrics.ts';
import { type Change, type Node, openNode } from './node.ts';
import { type Platform, startPlatform } from './platform.ts';
import { createSky } from './sky.ts';
import { SCALED, type Weather } from './weathers.ts';

/** What a weather came to. */
export interface WeatherResult extends Verdict, Waits {
  readonly name: string;
  readonly overlay: string;
  /** The most memory that Vector had, 10^6 bytes. */
  readonly peak_rss_mb: number;
  /** The most that the sink's buffer held, and what an event took in it. */
  readonly buffer_events: number;
  readonly buffer_bytes_per_event: number;
  /** AssumeRole calls of the collectors. */
  readonly assume_roles: number;
  readonly seconds: number;
  /** Vector's exporter when the buffer was fullest, and before Vector ended; what Vector logged. */
  readonly kept: { readonly fullest: string; readonly last: string; readonly log: string };
}

const LOOK_INTERVAL_MS = 1_000;
/** Nothing comes for so long: Vector has read everything, and has closed its batches. */
const SILENCE_S = 20;
/** Vector does not get on for so long, or for four times as long in all: it never will. */
const PATIENCE_MS = 300_000;

export async function runWeather(cluster: Cluster, weather: Weather): Promise<WeatherResult> {
  const startedMs = performance.now();
  const { overlay, settings = {}, changes = [], scaled = SCALED } = weather;
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform(weather.firehoseRefuses));
  const nodes: Node[] = [];
  for (let at = 0; at < (weather.nodes ?? 1); at++) {
    const own = [scaled, ...changes, ...portsOf(at)];
    nodes.push(stack.use(await openNode({ overlay, cluster, platform, settings, changes: own })));
  }
  try {
    const sky = createSky(weather, platform, nodes);
    await untilScraped();
    const written = await sky.pass();
    const last = await untilSilent(platform, weather.lingerS ?? SILENCE_S);
    await sky.end();
    await platform.untilDelivered();
    const { events, bytes, page } = sky.fullest();
    return {
      name: weather.name,
      overlay,
      ...(await judge(platform, written)),
      ...(await quietWaits(platform, weather.quiet)),
      peak_rss_mb: Math.round(Math.max(...nodes.map((node) => node.peakBytes())) / 1e6),
      buffer_events: events,
      buffer_bytes_per_event: Math.round(bytes / Math.max(1, events)),
      assume_roles: platform.assumeRoles(),
      seconds: Math.round((performance.now() - startedMs) / 1000),
      kept: { fullest: page, last, log: nodes.map(({ logFile }) => readFileSync(logFile, 'utf8')).join('\n') },
    };
  } catch (cause) {
    const logs = nodes.map(({ logFile }) => readFileSync(logFile, 'utf8').slice(-4000)).join('\n');
    throw new Error(`${weather.name}: ${cause}\n${logs}`, { cause });
  }
}

/** Nodes of one machine share its loopback: each but the first has ports of its own. */
function portsOf(node: number): Change[] {
  if (node === 0) return [];
  return [
    ['0.0.0.0:9598', `0.0.0.0:${9598 + node}`],
    ['127.0.0.1:8686', `127.0.0.1:${8686 + node}`],
  ];
}

/** Waits until Vector has written all that it has. @returns the last page of its exporter */
async function untilSilent(platform: Platform, silenceS: number): Promise<string> {
  const startedMs = performance.now();
  for (let [count, sinceMs] = [-1, startedMs]; ; await delay(LOOK_INTERVAL_MS)) {
    const [there, page] = [await platform.written(), (await scrape()) ?? ''];
    const buffered = sum(samplesOf(page), 'vector_buffer_size_events', { buffer_type: 'disk' });
    const nowMs = performance.now();
    if (there !== count || page === '') [count, sinceMs] = [there, nowMs];
    if (buffered === 0 && nowMs - sinceMs > silenceS * 1000) return page;
    if (nowMs - sinceMs > PATIENCE_MS || nowMs - startedMs > 4 * PATIENCE_MS) {
      throw new Error(`Vector comes to no end: ${buffered} events are in its buffers`);
    }
  }
}
