import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bookEvents } from '../../../service/core/book-events.ts';
import { addBooks, type Books, type Cell, HOUR_MS, keyOf, NO_BOOKS } from '../../../service/core/books.ts';
import { digestOf } from '../../../service/core/digest.ts';
import { type Batch, type ChunkPlan, messageText, planChunk, timeOf } from '../../../service/core/plan.ts';
import { memorySource } from '../../../service/object/source.ts';
import { decodeFrom, open } from '../../support/decode.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { text } from '../../support/lines.ts';
import { holds } from '../../support/property.ts';

const NOON_MS = Date.parse('2026-11-30T12:00:00Z');

/** Event by event, with the message as text. */
function bookEach(plan: ChunkPlan, { route, events }: Batch, from: number, to: number): Books {
  const each = Array.from(events.subarray(from, to), (event): Cell => {
    const message = Buffer.from(messageText(plan, event));
    const timeMs = timeOf(plan, event);
    const hour = Math.floor(timeMs / HOUR_MS);
    const { group, stream } = route;
    return { group, stream, hour, events: 1, bytes: message.length, digest: digestOf(message, timeMs) };
  });
  return each.reduce((books: Books, cell) => addBooks(books, { cells: [cell], covered: true }), NO_BOOKS);
}

const sorted = ({ cells }: Books) => cells.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const message = fc.oneof(
  { weight: 8, arbitrary: text.map((one) => one.toWellFormed()) },
  { weight: 1, arbitrary: fc.constantFrom('🍵"', 'plain ').map((piece) => piece.repeat(300)) },
);
const record = fc.record({
  message,
  // Around the full hour, and many hours away.
  timestamp: fc.oneof(
    fc.integer({ min: NOON_MS - 2, max: NOON_MS + 2 }),
    fc.integer({ min: -30, max: 30 }).map((hours) => NOON_MS + hours * HOUR_MS + 17),
    fc.constant(null),
  ),
  application: fc.constantFrom('a', 'b'),
});

test('the books of any range of a batch are those of its events, split ones and escaped ones included', () =>
  holds(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 40 }),
      fc.constantFrom('message', 'record'),
      fc.nat(5),
      fc.nat(5),
      async (records, messageFormat, before, behind) => {
        const delivery = buildDelivery({ log_group_name: '/acme/{application}', message_format: messageFormat });
        const body = records.map((one) => JSON.stringify(one)).join('\n');
        using decoder = await open(memorySource('x.log', Buffer.from(body)));
        for await (const chunk of decodeFrom(decoder, undefined, { messageFormat: delivery.messageFormat })) {
          const plan = planChunk(chunk, { delivery, keyFields: {}, lastModifiedMs: NOON_MS, eventBytesMax: 1_024 });
          for (const batch of plan.batches) {
            const from = Math.min(before, batch.events.length);
            const to = Math.max(from, batch.events.length - behind);
            assert.deepEqual(sorted(bookEvents(plan, batch, from, to)), sorted(bookEach(plan, batch, from, to)));
          }
        }
      },
    ),
    300,
  ));
