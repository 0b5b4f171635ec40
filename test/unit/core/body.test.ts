import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BodyBuffer, createBodyBuffer, writeBody } from '../../../service/core/body.ts';
import { type ChunkPlan, messageText, planChunk, timeOf } from '../../../service/core/plan.ts';
import { buildChunk, type RecordSpec } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';
import { holds } from '../../support/property.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);

function plan(records: readonly RecordSpec[], eventBytesMax = 1_000_000): ChunkPlan {
  return planChunk(buildChunk(records), {
    delivery: buildDelivery({ log_group_name: '/acme/{application}', log_stream_name: 'a "quoted" ströam' }),
    keyFields: {},
    lastModifiedMs: NOON_MS,
    eventBytesMax,
  });
}

const bodies = (planned: ChunkPlan, buffer: BodyBuffer = createBodyBuffer()) =>
  planned.batches.map((batch) => writeBody(planned, batch, buffer).toString('utf8'));

/** The same bodies by the plain way: objects and JSON.stringify. */
const expected = (planned: ChunkPlan) =>
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

test('a body is the JSON of its events', () => {
  const planned = plan([
    { message: 'plain', timeMs: NOON_MS },
    { message: 'a "quote", a \\ and a\nline', timeMs: NOON_MS + 1, json: true },
  ]);
  assert.deepEqual(bodies(planned), [
    '{"logGroupName":"/acme/unknown","logStreamName":"a \\"quoted\\" ströam","logEvents":[' +
      `{"timestamp":${NOON_MS},"message":"plain"},` +
      `{"timestamp":${NOON_MS + 1},"message":"a \\"quote\\", a \\\\ and a\\nline"}]}`,
  ]);
});

test('an entity stands before the events, whoever writes these', () => {
  const entity = { keyAttributes: { Type: 'Service', Name: 'a "quoted" name', Environment: 'eks:c/n' } };
  const planned = plan([{ message: 'plain', timeMs: NOON_MS }]);
  const [batch] = planned.batches;
  assert.ok(batch);
  const body = JSON.parse(writeBody(planned, batch, createBodyBuffer(), entity).toString());
  const [without = ''] = bodies(planned);
  assert.deepEqual(body, { ...JSON.parse(without), entity });
});

test('text, ready-made JSON and parts of split records mix in any order', () => {
  const long = 'é"'.repeat(900);
  const planned = plan(
    [
      { message: 'json', timeMs: NOON_MS, json: true },
      { message: 'text', timeMs: NOON_MS },
      { message: long, timeMs: NOON_MS },
      { message: 'json again', timeMs: NOON_MS, json: true },
      { message: long, timeMs: NOON_MS, json: true },
      { message: 'text last', timeMs: NOON_MS },
    ],
    1_024,
  );
  assert.ok(planned.parts.length > 4);
  assert.deepEqual(bodies(planned), expected(planned));
});

test('runs of text longer than one slice are not cut or doubled at its edges', () => {
  for (const count of [255, 256, 257, 512, 513]) {
    const planned = plan(Array.from({ length: count }, (_, at) => ({ message: `m${at}`, timeMs: NOON_MS })));
    assert.deepEqual(bodies(planned), expected(planned), `${count} events`);
  }
});

test('invalid UTF-8 in text becomes the replacement character', () => {
  const planned = plan([{ message: Uint8Array.of(0x61, 0xff, 0x22, 0xc3), timeMs: NOON_MS }]);
  const [body = ''] = bodies(planned);
  assert.equal(JSON.parse(body).logEvents[0].message, 'a\ufffd"\ufffd');
});

test('a time from the epoch to the last that a Date can hold is written in full', () => {
  const times = [0, 1, 8.64e15];
  const planned = plan(
    times.flatMap((timeMs) => [
      { message: 'a', timeMs },
      { message: 'b', timeMs, json: true },
    ]),
  );
  assert.deepEqual(
    bodies(planned).flatMap((body) =>
      JSON.parse(body).logEvents.map(({ timestamp }: { timestamp: number }) => timestamp),
    ),
    times.flatMap((time) => [time, time]),
  );
});

test('a buffer grows as a body needs it, keeps what is written already, and serves the next body', () => {
  const buffer: BodyBuffer = { bytes: Buffer.alloc(16) };
  const large = plan([
    { message: 'first', timeMs: NOON_MS },
    { message: '\u0001'.repeat(5_000), timeMs: NOON_MS },
    { message: '"'.repeat(5_000), timeMs: NOON_MS, json: true },
  ]);
  assert.deepEqual(bodies(large, buffer), expected(large));
  const grown = buffer.bytes;
  assert.ok(grown.length > 16);
  const small = plan([{ message: 'small', timeMs: NOON_MS }]);
  assert.deepEqual(bodies(small, buffer), expected(small));
  assert.equal(buffer.bytes, grown, 'what is large enough is used as it is');
});

test('the largest batch of ordinary text fits a new buffer', () => {
  const buffer = createBodyBuffer();
  const { bytes } = buffer;
  const planned = plan(
    Array.from({ length: 3_700 }, () => ({ message: 'x'.repeat(250), timeMs: NOON_MS, json: true })),
  );
  assert.deepEqual(bodies(planned, buffer), expected(planned));
  assert.equal(buffer.bytes, bytes);
});

test('whatever the events, a body equals JSON.stringify of the same events', () =>
  holds(
    fc.property(
      fc.array(
        fc.record({
          message: fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constant('"\\\u2028'.repeat(500))),
          json: fc.boolean(),
          timeMs: fc.integer({ min: 0, max: 100_000 }),
          fields: fc.record({ application: fc.constantFrom('', 'api') }),
        }),
        { maxLength: 30 },
      ),
      fc.constantFrom(1_024, 1_000_000),
      fc.nat(200),
      (records, eventBytesMax, bufferBytes) => {
        const planned = plan(records, eventBytesMax);
        assert.deepEqual(bodies(planned, { bytes: Buffer.alloc(bufferBytes) }), expected(planned));
      },
    ),
  ));
