import { setTimeout as delay } from 'node:timers/promises';
import type { LagQuantiles, Lags } from './lag.ts';
import type { Writer } from './load.ts';
import type { Stage } from './stage.ts';

/** What the scenarios here have in common: writing at a rate, waiting, and rounding. */

export const DRAIN_SECONDS_MAX = 60;

/** One quiet tenant after another writes an object, at an even rate. */
export async function writeQuietly(
  stage: Stage,
  writers: readonly Writer[],
  perSecond: number,
  seconds: number,
): Promise<void> {
  const startedMs = performance.now();
  const puts: Promise<void>[] = [];
  for (let at = 0; at < Math.floor(perSecond * seconds); at++) {
    const writer = writers[at % writers.length];
    await delay(Math.max(0, startedMs + (at * 1000) / perSecond - performance.now()));
    if (writer) puts.push(stage.put(writer));
  }
  await Promise.all(puts);
}

export async function untilDelivered(lags: Lags, prefix: string, writers: readonly Writer[]): Promise<void> {
  const objects = writers.reduce((sum, writer) => sum + writer.objects, 0);
  if (!(await until(() => lags.count(prefix) >= objects, DRAIN_SECONDS_MAX))) {
    throw new Error(`${lags.count(prefix)} of ${objects} objects of ${prefix}* were delivered in time`);
  }
}

export async function delivered(lags: Lags, prefix: string, complete: () => boolean): Promise<LagQuantiles> {
  if (!(await until(complete, DRAIN_SECONDS_MAX))) throw new Error(`objects of ${prefix}* were not delivered in time`);
  return lags.quantiles(prefix);
}

/** @returns whether it came true in time */
export async function until(condition: () => boolean, secondsMax: number): Promise<boolean> {
  const deadlineMs = performance.now() + secondsMax * 1000;
  while (!condition()) {
    if (performance.now() > deadlineMs) return false;
    await delay(50);
  }
  return true;
}

export function show({ objects, created, received }: LagQuantiles): string {
  const ms = (value: number) => Math.round(value);
  return (
    `${objects} objects; created to delivered p50 ${ms(created.p50)} ms, p99 ${ms(created.p99)} ms; ` +
    `received to delivered p50 ${ms(received.p50)} ms, p99 ${ms(received.p99)} ms`
  );
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
