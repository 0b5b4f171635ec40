import { createRandom } from '../../../local/workload/random.ts';
import { QUEUE_URL } from '../cloud.ts';
import { type Objects, rangeOf, storedObject } from '../models/objects.ts';
import type { Queues } from '../models/queues.ts';
import type { World } from '../world.ts';
import { announcementOf, bodyOf, keyOfArrival, numberOf } from './objects.ts';
import { storedBytesOf } from './times.ts';
import { type Arrival, createCollector, type ScaleSize, type ScaleTenant } from './workload.ts';

/** What arrives, and what has become of it. Objects are made when they are read: a day's would not fit into memory. */
export interface Arrivals {
  /** Every tenant's objects, until then. */
  begin(untilMs: number): void;
  /** So many objects of one tenant, all at once. */
  flood(tenant: ScaleTenant, objects: number, bytes: number): void;
  get(number: number): Arrived | undefined;
  readonly all: Iterable<Arrived>;
  /** In the place of the model's read: objects of tenants are made anew, others are the model's. */
  readonly read: Objects['get'];
}

export interface Arrived extends Arrival {
  readonly createdMs: number;
  /** A bit for each of its records. */
  delivered: number;
  isDone: boolean;
}

export interface ArrivalsDeps {
  readonly world: World;
  readonly queues: Pick<Queues, 'SendMessage'>;
  /** Told when something may have become visible. */
  readonly stirred: () => void;
  readonly objects: Objects;
  readonly tenants: readonly ScaleTenant[];
  readonly seed: string;
  readonly size: ScaleSize;
}

export function createArrivals(deps: ArrivalsDeps): Arrivals {
  const { world, queues, objects, tenants, seed, size } = deps;
  const arrived = new Map<number, Arrived>();

  const arrive = (tenant: ScaleTenant, bytes: number) => {
    const one: Arrived = { number: arrived.size, tenant, bytes, createdMs: world.nowMs, delivered: 0, isDone: false };
    arrived.set(one.number, one);
    const body = bodyOf(one, one.createdMs);
    const MessageBody = announcementOf(keyOfArrival(one), body, storedBytesOf(bytes), one.createdMs);
    queues.SendMessage({ QueueUrl: QUEUE_URL, MessageBody });
  };

  return {
    get all() {
      return arrived.values();
    },
    get: (number) => arrived.get(number),
    begin(untilMs) {
      for (const tenant of tenants) {
        const collector = createCollector(seed, tenant, size);
        const next = (ms: number) => {
          if (world.nowMs + ms >= untilMs) return;
          world.after(ms, undefined, () => {
            const { bytes, nextMs } = collector.close();
            arrive(tenant, bytes);
            deps.stirred();
            next(nextMs);
          });
        };
        next(collector.firstMs);
      }
    },
    flood(tenant, count, bytes) {
      const random = createRandom(`${seed}/flood`);
      for (let at = 0; at < count; at++) arrive(tenant, bytes * (0.5 + random.uniform()));
      deps.stirred();
    },
    read(request) {
      const one = arrived.get(numberOf(request.key) ?? -1);
      if (!one) return objects.get(request);
      return rangeOf(storedObject(bodyOf(one, one.createdMs), one.createdMs), request);
    },
  };
}
