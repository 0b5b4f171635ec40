import type { ItemReader } from '../item.ts';
import type { NameTemplate } from '../template.ts';

/** What planning needs to know of any kind of destination. */
export interface TargetBase {
  readonly kind: string;
  /** Together they name a route: a log group and a stream of it, or whatever the kind calls its places. */
  readonly group: NameTemplate;
  readonly stream: NameTemplate;
  readonly limits: BatchLimits;
}

/** What one call of the destination takes. */
export interface BatchLimits {
  /** Sum of message bytes and `eventOverheadBytes` for each event. */
  readonly bytesMax: number;
  readonly eventsMax: number;
  /** From the first event's time to the last one's; Infinity: times and their order do not matter, and events keep the object's. */
  readonly spanMs: number;
  /** How old an event may be, and how far ahead of the destination's clock; Infinity: any. */
  readonly ageMaxMs: number;
  readonly aheadMaxMs: number;
  readonly eventOverheadBytes: number;
  /** Whether an event has a largest size (the setting EVENT_BYTES_MAX); longer ones are split. */
  readonly splits: boolean;
  /** Whether the destination stores empty messages. */
  readonly emptyMessages: boolean;
}

/** Whether the times of events matter to the destination. */
export function hasTimes({ spanMs }: BatchLimits): boolean {
  return spanMs !== Number.POSITIVE_INFINITY;
}

/** Reads the attributes of one kind of destination. */
export interface TargetKind<T extends TargetBase> {
  readonly kind: T['kind'];
  /** Names of the attributes that it adds to those of all deliveries. */
  readonly attributes: readonly string[];
  /** `message` first where both are possible: the first is the default. */
  readonly messageFormats: readonly ('message' | 'record')[];
  /** undefined when an attribute is wrong; the reader has the problems. */
  readonly read: (item: ItemReader, tenantId: string) => T | undefined;
}
