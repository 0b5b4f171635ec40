import type { AwsService } from './place.ts';
import type { ReceiptPlace } from './receipt-place.ts';
import type { NameTemplate } from './template.ts';

/** Where a delivery goes, as far as every kind of destination has it. */
export interface Target {
  /** `cloudwatch`, `s3`. */
  readonly kind: string;
  /** Whose trouble in a region is everybody's. */
  readonly service: AwsService;
  /** Together they name a route: a log group and a stream of it, or whatever the kind calls its places. */
  readonly group: NameTemplate;
  readonly stream: NameTemplate;
  readonly limits: BatchLimits;
  /** Whether what a call without an answer has written is read back before anything is sent again. Default false */
  readonly exactlyOnce?: boolean;
  /** The type of the tenant's delivery whose bucket takes events that this destination rejects; undefined: quarantine keeps them. */
  readonly rejectedEvents?: string | undefined;
  /** Where receipts of what goes there are written; undefined: there are none. */
  readonly receipts: ReceiptPlace | undefined;
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
