import type { Random } from '../../../local/workload/random.ts';
import { HOUR_MS } from '../../../service/core/books.ts';
import { hourName } from '../../../service/core/receipt.ts';
import type { Delivered, DeliveredEvent } from './events.ts';

/** Each kind of change, and what `receipts verify` calls it. */
export const KINDS = { dropped: 'missing', repeated: 'repeated', altered: 'altered', moved: 'moved' } as const;
type Kind = keyof typeof KINDS;

/** A change, and the streams and hours that differ by it: one, or two where an event was moved. */
export interface Planted {
  readonly kind: Kind;
  readonly places: readonly { readonly stream: string; readonly hour: string }[];
}

/** Tries to find a place that no change has touched. */
const TRIES_MAX = 10_000;

/** Changes one event at a time, each in streams and hours of its own. @throws Error when there are too few of these */
export function plantChanges(
  delivered: Delivered,
  count: number,
  random: Random,
): { readonly events: Delivered; readonly planted: readonly Planted[] } {
  const events = new Map([...delivered].map(([stream, of]) => [stream, [...of]]));
  const streams = [...events.keys()];
  const touched = new Set<string>();
  const hourOf = ({ timestamp }: DeliveredEvent) => hourName(Math.floor(timestamp / HOUR_MS));
  const isFree = (stream: string, hour: string) => !touched.has(`${stream}/${hour}`);

  const plant = (kind: Kind): Planted => {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const from = random.pick(streams);
      const of = events.get(from) ?? [];
      const at = random.below(of.length);
      const event = of[at];
      if (!event || !isFree(from, hourOf(event))) continue;
      const hour = hourOf(event);
      const to = streams.find((stream) => kind === 'moved' && stream !== from && isFree(stream, hour));
      if (kind === 'moved' && to === undefined) continue;
      change(kind, of, at, event, events.get(to ?? '') ?? []);
      const places = [from, ...(to === undefined ? [] : [to])].map((stream) => ({ stream, hour }));
      for (const { stream } of places) touched.add(`${stream}/${hour}`);
      return { kind, places };
    }
    throw new Error('there are too few streams and hours for so many changes');
  };

  const change = (kind: Kind, of: DeliveredEvent[], at: number, event: DeliveredEvent, to: DeliveredEvent[]) => {
    if (kind !== 'repeated') of.splice(at, 1);
    if (kind === 'repeated') of.push({ ...event });
    if (kind === 'altered') of.push({ ...event, message: alter(event.message) });
    if (kind === 'moved') to.push(event);
  };

  /** One letter becomes another, as one bit does it. */
  const alter = (message: string): string => {
    const letters = [...message.matchAll(/[a-zA-Z]/g)].map(({ index }) => index);
    if (letters.length === 0) return `${message}x`;
    const at = random.pick(letters);
    const other = String.fromCharCode(message.charCodeAt(at) ^ 0x20);
    return message.slice(0, at) + other + message.slice(at + 1);
  };

  const kinds = Object.keys(KINDS) as Kind[];
  const planted = Array.from({ length: count }, (_, at) => plant(kinds[at % kinds.length] as Kind));
  return { events, planted };
}
