import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createBodyBuffer, writeBody } from '../../../../service/core/body.ts';
import { type ChunkPlan, messageText, planChunk, timeOf } from '../../../../service/core/plan.ts';
import { createKernel } from '../../../../service/kernel/kernel.ts';
import { openObject } from '../../../../service/object/open.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { decodeFrom, LIMITS, open } from '../../../support/decode.ts';
import { buildDelivery } from '../../../support/delivery.ts';
import { text } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

const LINES = Buffer.from('{"message":"m"}\n'.repeat(100));
const never = new AbortController().signal;

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

test('what the kernel wrote stays as it is until it is disposed of, whoever borrows memory meanwhile', async () => {
  const own = createKernel({ kernelPoison: true });
  using decoder = await openObject(own, memorySource('x.log', LINES), LIMITS, never);
  for await (const { messages, count } of decodeFrom(decoder)) {
    const records = Uint32Array.from({ length: count }, (_, record) => record);
    const { lent } = own.memory;
    {
      using written = messages.writeEvents?.(records, new Float64Array(count));
      assert.ok(written);
      using other = own.memory.lend(4 * 1024 * 1024);
      own.bytes.fill(0, other.at, other.at + 4 * 1024 * 1024);
      assert.equal(Buffer.from(written.bytes).toString(), '{"timestamp":0,"message":"m"},'.repeat(count));
    }
    assert.equal(own.memory.lent, lent);
  }
});

test('a chunk whose decoder is disposed of is not written any more', async () => {
  const decoder = await open(memorySource('x.log', LINES));
  const [chunk] = await Array.fromAsync(decodeFrom(decoder));
  decoder[Symbol.dispose]();
  assert.throws(() => chunk?.messages.writeEvents?.(Uint32Array.of(0), new Float64Array(1)), {
    code: 'invariant-broken',
  });
});
