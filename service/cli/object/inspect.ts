import { type Chunk, type DecodeLimits, type Decoder, RECORD_FIELDS, START } from '../../core/chunk.ts';
import { type Delivery, fieldsOf } from '../../core/delivery.ts';
import { messageText, type PlanContext, planChunk, recordsIn, timeOf } from '../../core/plan.ts';

/** What a delivery of an object would be: the service's own decoding and planning, and nothing sent. */
export interface Forecast {
  readonly records: number;
  readonly events: number;
  readonly filtered: number;
  /** Records by the reason for which they would go to quarantine before anything is sent. */
  readonly quarantined: Readonly<Record<string, number>>;
  readonly batches: number;
  /** As PutLogEvents counts them. */
  readonly bytes: number;
  readonly routes: readonly RouteForecast[];
  readonly first: readonly EventForecast[];
  /** False when the look ended before the object did. */
  readonly complete: boolean;
}

export interface RouteForecast {
  readonly group: string;
  readonly stream: string;
  readonly events: number;
  readonly batches: number;
  readonly bytes: number;
}

export interface EventForecast {
  readonly timestamp: string;
  readonly group: string;
  readonly stream: string;
  readonly message: string;
}

export interface Look {
  readonly limits: DecodeLimits;
  /** The look ends with the chunk in which there were so many. */
  readonly recordsMax: number;
  /** Events to show. */
  readonly eventsShown: number;
  readonly signal: AbortSignal;
  readonly onRecords: (records: number) => void;
}

/** Characters of a message that are shown. */
const SHOWN_LENGTH = 200;

export async function forecast(decoder: Decoder, context: PlanContext, look: Look): Promise<Forecast> {
  const { delivery } = context;
  const routes = new Map<string, { -readonly [K in keyof RouteForecast]: RouteForecast[K] }>();
  const quarantined: Record<string, number> = {};
  const first: EventForecast[] = [];
  let events = 0;
  let filtered = 0;
  let bytes = 0;
  let batches = 0;
  const { records, complete } = await eachChunk(decoder, delivery, look, (chunk) => {
    const plan = planChunk(chunk, context);
    filtered += plan.filtered;
    for (const { reason, records } of plan.refusals) quarantined[reason] = (quarantined[reason] ?? 0) + records.length;
    for (const batch of plan.batches) {
      const { group, stream } = batch.route;
      const name = `${group}\n${stream}`;
      const route = routes.get(name) ?? { group, stream, events: 0, batches: 0, bytes: 0 };
      routes.set(name, route);
      const count = recordsIn(plan, batch.events);
      route.events += count;
      route.batches++;
      route.bytes += batch.bytes;
      events += count;
      bytes += batch.bytes;
      batches++;
      for (const event of batch.events.subarray(0, Math.max(0, look.eventsShown - first.length))) {
        const timestamp = new Date(timeOf(plan, event)).toISOString();
        first.push({ timestamp, group, stream, message: cut(messageText(plan, event)) });
      }
    }
  });
  return { records, events, filtered, quarantined, batches, bytes, routes: [...routes.values()], first, complete };
}

/** How many records there are, where no tenant says what to do with them. */
export function countRecords(decoder: Decoder, look: Look): Promise<{ records: number; complete: boolean }> {
  return eachChunk(decoder, undefined, look, () => {});
}

async function eachChunk(
  decoder: Decoder,
  delivery: Delivery | undefined,
  { limits, recordsMax, signal, onRecords }: Look,
  use: (chunk: Chunk) => void,
): Promise<{ records: number; complete: boolean }> {
  const fields = delivery ? fieldsOf(delivery) : RECORD_FIELDS;
  const request = { fields, messageFormat: delivery?.messageFormat ?? 'message', limits } as const;
  let records = 0;
  for await (const chunk of decoder.chunks(START, request, signal)) {
    use(chunk);
    records += chunk.count;
    onRecords(records);
    if (records >= recordsMax && chunk.next) return { records, complete: false };
  }
  return { records, complete: true };
}

function cut(message: string): string {
  return message.length <= SHOWN_LENGTH ? message : `${message.slice(0, SHOWN_LENGTH)}…`.toWellFormed();
}
