import { setTimeout as delay } from 'node:timers/promises';
import type { DemoEnvironment } from './environment.ts';
import { createWriters, type Writer } from './load.ts';

const MESSAGE_BYTES = 500_000;
const WRITE_EVERY_MS = 400;

/** Writes one object after another until `signal` aborts, each with what its cluster logged since its last one. */
export async function writeLoad(
  demo: Pick<DemoEnvironment, 'tenants' | 'put'>,
  seed: string,
  signal: AbortSignal,
): Promise<void> {
  const writers = createWriters(
    demo.tenants.map(({ tenantId }) => tenantId),
    `${seed}/${Date.now()}`,
  );
  const lastMs = new Map<Writer, number>();
  for (let turn = 0; !signal.aborted; turn++) {
    const writer = writers[turn % writers.length];
    if (!writer) return;
    const nowMs = Date.now();
    const object = await writer.next(MESSAGE_BYTES, lastMs.get(writer) ?? nowMs - 5_000, nowMs);
    lastMs.set(writer, nowMs);
    await demo.put(object.key, object.body);
    await delay(WRITE_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
