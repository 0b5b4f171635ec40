import type { Cloud } from '../cloud.ts';
import { LEDGER_TABLE, QUEUE_URL } from '../cloud.ts';
import type { Request } from '../network.ts';
import { MINUTE_MS } from '../plan.ts';
import { instrumentsOf } from '../watched/instruments.ts';
import type { Actor, World } from '../world.ts';
import { createPerMinute } from './lags.ts';

/** What AWS is asked for, and the most that tasks hold. */
export interface Counts {
  /** A call was executed. */
  called(call: Request): void;
  /** A process has had a turn. */
  looked(actor: Actor): void;
  figures(objects: number, lengthMs: number): CountFigures;
}

export interface CountFigures {
  readonly assume_role_per_minute: { readonly mean: number; readonly max: number };
  readonly ledger_writes_per_object: number;
  readonly received_per_object: number;
  readonly handed_back_per_object: number;
  readonly calls_per_object: Readonly<Record<string, number>>;
  readonly sqs_in_flight_max: number;
  /** Of a task, by the service's own book-keeping. */
  readonly memory_reserved_mb_max: number;
  readonly messages_in_flight_max: number;
  readonly objects_in_flight_max: number;
}

const MB = 1024 * 1024;
const LOOK_EVERY_MS = 1_000;

export function createCounts(world: World, { queues, witness }: Pick<Cloud, 'queues' | 'witness'>): Counts {
  const calls = new Map<string, number>();
  const assumed = createPerMinute();
  const peaks = { reservedBytes: 0, messages: 0, objects: 0, invisible: 0 };
  let received = 0;
  let written = 0;
  const { receive } = queues;
  queues.receive = (input) => {
    const messages = receive(input);
    received += messages.length;
    return messages;
  };
  const { write } = witness;
  witness.write = (caller, input, act) => {
    if (input.TableName === LEDGER_TABLE && input.Key?.object?.S?.startsWith('s3://')) written++;
    return write(caller, input, act);
  };
  const look = () => {
    const { nowMs } = world;
    const invisible = queues.messages(QUEUE_URL).filter(({ visibleMs, receives }) => receives > 0 && visibleMs > nowMs);
    peaks.invisible = Math.max(peaks.invisible, invisible.length);
    world.after(LOOK_EVERY_MS, undefined, look);
  };
  world.after(LOOK_EVERY_MS, undefined, look);

  return {
    called({ service, operation }) {
      const name = `${service}.${operation}`;
      calls.set(name, (calls.get(name) ?? 0) + 1);
      if (operation === 'AssumeRole') assumed.add(world.nowMs);
    },
    looked(actor) {
      const { scheduler, inFlight } = instrumentsOf(actor);
      if (!scheduler || !inFlight) return;
      if (scheduler.reservedBytes > peaks.reservedBytes) peaks.reservedBytes = scheduler.reservedBytes;
      if (inFlight.size > peaks.messages) peaks.messages = inFlight.size;
      if (scheduler.running > peaks.objects) peaks.objects = scheduler.running;
    },
    figures(objects, lengthMs) {
      const each = (count: number) => Math.round((1000 * count) / objects) / 1000;
      return {
        assume_role_per_minute: assumed.figures(lengthMs / MINUTE_MS),
        ledger_writes_per_object: each(written),
        received_per_object: each(received),
        handed_back_per_object: each(received - objects),
        calls_per_object: Object.fromEntries([...calls].sort().map(([name, count]) => [name, each(count)])),
        sqs_in_flight_max: peaks.invisible,
        memory_reserved_mb_max: Math.round(peaks.reservedBytes / MB),
        messages_in_flight_max: peaks.messages,
        objects_in_flight_max: peaks.objects,
      };
    },
  };
}
