import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createLoad, type PodLoad, type Written } from './load.ts';

/** A thread that writes what pods write, so that the embedded AWS does not hold it up. Its only message is what was written. */
export interface LoadOrder {
  readonly pods: readonly PodLoad[];
  readonly seed: string;
}

const TICK_MS = 10;

const { pods, seed }: LoadOrder = workerData;
const load = createLoad(pods, seed, performance.now());
while (!load.tick(performance.now())) await delay(TICK_MS);
parentPort?.postMessage(load.written() satisfies Written);
