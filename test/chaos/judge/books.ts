import { type Cell, HOUR_MS } from '../../../service/core/books.ts';
import { addDigests, digestOf, formatDigest, NO_DIGEST } from '../../../service/core/digest.ts';
import { fateOf, type TrueRecord } from '../objects.ts';
import type { DeliveryTruth } from '../tenants.ts';

/** What books and receipts must say: each event of records once, whatever a crash repeated, in its stream and hour. */
export function dueCells(records: readonly TrueRecord[], truth: DeliveryTruth): Cell[] {
  const delivered = records.filter((record) => fateOf(record, truth).kind === 'delivered');
  return delivered.map((record): Cell => {
    const { message, timestamp } = record;
    const bytes = Buffer.from(message);
    const place = { ...truth.placeOf(record), hour: Math.floor(timestamp / HOUR_MS) };
    return { ...place, events: 1, bytes: bytes.length, digest: digestOf(bytes, timestamp) };
  });
}

/** By groups, streams and hours, as text that can be compared. */
export function sumUp(cells: readonly Cell[]): string {
  const places = Map.groupBy(cells, ({ group, stream, hour }) => `${group} ${stream} ${hour}`);
  const lines = Array.from(places, ([place, some]) => {
    const events = some.reduce((sum, cell) => sum + cell.events, 0);
    const bytes = some.reduce((sum, cell) => sum + cell.bytes, 0);
    const digest = some.map((cell) => cell.digest).reduce(addDigests, NO_DIGEST);
    return `${place}: ${events} events, ${bytes} bytes, ${formatDigest(digest)}`;
  });
  return lines.sort().join('\n');
}
