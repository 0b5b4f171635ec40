import { CPU_SECONDS_PER_GB, CPU_SECONDS_PER_OBJECT, GB, PARQUET_RATIO } from '../../../infra/cost/workload.ts';
import { BATCH_BYTES_MAX } from '../../../service/core/limits.ts';
import type { Request, Times } from '../network.ts';
import type { Actor, World } from '../world.ts';
import { numberOf } from './objects.ts';

/** Milliseconds that a call and its answer take on AWS within a region, about: as in test/bench/fairness/stage.ts. */
const ROUND_TRIPS: Readonly<Record<Request['service'], { readonly ms: number; readonly jitterMs: number }>> = {
  sqs: { ms: 8, jitterMs: 8 },
  dynamodb: { ms: 4, jitterMs: 4 },
  s3: { ms: 25, jitterMs: 25 },
  logs: { ms: 25, jitterMs: 25 },
  kms: { ms: 10, jitterMs: 10 },
  sts: { ms: 30, jitterMs: 30 },
};
/** What one connection to S3 brings: from memory. */
const S3_BYTES_PER_SECOND = 85e6;
/** Calls at once for an object (service/delivery/send-chunk.ts). */
const PUTS_AT_ONCE = 4;
const PUT_MS = ROUND_TRIPS.logs.ms + ROUND_TRIPS.logs.jitterMs / 2;

/** As it is in S3. */
export function storedBytesOf(messageBytes: number): number {
  return messageBytes * PARQUET_RATIO;
}

/**
 * How long calls take, and how long an object of its announced size takes to be read, decoded and put, beyond the few records that are
 * really in it. The three go on at once, so the slowest counts; the objects of a thread share its processor.
 */
export function createTimes(world: World, messageBytesOf: (object: number) => number): Times {
  const computing = new WeakMap<Actor, number>();
  return {
    wayMs({ service }) {
      const { ms, jitterMs } = ROUND_TRIPS[service];
      return (ms + world.random.uniform() * jitterMs) / 2;
    },
    workMs({ operation, about }, actor) {
      const number = operation === 'GetObject' ? numberOf(about) : undefined;
      if (number === undefined) return 0;
      const bytes = messageBytesOf(number);
      const others = computing.get(actor) ?? 0;
      const cpuMs = 1000 * (CPU_SECONDS_PER_OBJECT + (bytes / GB) * CPU_SECONDS_PER_GB.parquet);
      const readMs = (1000 * storedBytesOf(bytes)) / S3_BYTES_PER_SECOND;
      const putMs = (Math.ceil(bytes / BATCH_BYTES_MAX / PUTS_AT_ONCE) - 1) * PUT_MS;
      const ms = Math.max(cpuMs * (1 + others), readMs, putMs);
      computing.set(actor, others + 1);
      world.after(ms, undefined, () => computing.set(actor, (computing.get(actor) ?? 1) - 1));
      return ms;
    },
  };
}
