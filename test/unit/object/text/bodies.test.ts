import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createBodyBuffer, writeBody } from '../../../../service/core/body.ts';
import { type ChunkPlan, messageText, planChunk, timeOf } from '../../../../service/core/plan.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { decodeFrom, LIMITS, open } from '../../../support/decode.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { text } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

suite("the kernel's bodies are what JSON.stringify gives", () => {
  const plainly = (planned: ChunkPlan) =>
    planned.batches.map(({ route, events }) =>
      JSON.stringify({
        logGroupName: route.group,
        logStreamName: route.stream,
        logEvents: Array.from(events, (event) => ({
          timestamp: timeOf(planned, event),
          message: messageText(planned, event),
        })),
      }),
    );

  for (const messageFormat of ['message', 'record'] as const) {
    test(`for messages as ${messageFormat}, of any text and time`, async () => {
      const records = fc.array(
        fc.record({
          message: text.map((one) => one.toWellFormed()),
          timestamp: fc.oneof(fc.integer({ min: 31_536_000_000, max: 7_258_118_399_999 }), fc.constant(null)),
          application: fc.constantFrom('a', 'b', 'c'),
        }),
        { minLength: 1, maxLength: 60 },
      );
      await holds(
        fc.asyncProperty(records, async (some) => {
          const body = some.map((record) => JSON.stringify(record)).join('\n');
          using decoder = await open(memorySource('x.log', Buffer.from(body)));
          for await (const chunk of decodeFrom(decoder, undefined, { messageFormat })) {
            const planned = planChunk(chunk, {
              delivery: buildDelivery({ log_group_name: '/acme/{application}', message_format: messageFormat }),
              keyFields: {},
              // Within the first second of 1970 too, where times have few digits.
              lastModifiedMs: some.length % 2,
              eventBytesMax: LIMITS.chunkBytesMax,
            });
            const written = planned.batches.map((batch) => writeBody(planned, batch, createBodyBuffer()).toString());
            // Bodies may escape what need not be escaped; what they say is the same.
            assert.deepEqual(
              written.map((one) => JSON.parse(one)),
              plainly(planned).map((one) => JSON.parse(one)),
            );
            if (messageFormat === 'record') assert.deepEqual(written, plainly(planned));
          }
        }),
        300,
      );
    });
  }
});
