import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBodyBuffer, writeBody } from '../../service/core/body.ts';
import { type Chunk, START } from '../../service/core/chunk.ts';
import { type Delivery, fieldsOf } from '../../service/core/delivery.ts';
import { type ChunkPlan, messageText, planChunk, recordsIn, timeOf } from '../../service/core/plan.ts';
import { openObject } from '../../service/object/open.ts';
import { memorySource } from '../../service/object/source.ts';
import { kernel } from '../support/decode.ts';
import { buildDelivery } from '../support/delivery.ts';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz.ts';

/** Limits of PutLogEvents, written down again on purpose (API reference). */
const CALL = { bytes: 1_048_576, events: 10_000, spanMs: 24 * 3_600_000, overhead: 26 };
const LIMITS = {
  chunkStoredBytesMax: 6_000_000,
  chunkBytesMax: 3_000_000,
  chunkRecordsMax: 15_000,
  recordBytesMax: 4_000_000,
  decompressionRatioMax: 400,
};
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const PREFIX = '/tenant-logs/acme';

const shortText = fc.string({ unit: 'binary', maxLength: 40 });
const longText = fc.integer({ min: 1_000, max: 400_000 }).map((length) => '€"\\\n'.repeat(length / 4));
const timestamp = fc.oneof(
  fc.integer({ min: NOON_MS - 3 * CALL.spanMs, max: NOON_MS + CALL.spanMs }),
  fc.integer({ min: NOON_MS - 1_000, max: NOON_MS }).map((ms) => new Date(ms).toISOString()),
  fc.constantFrom('yesterday', -1, 1e300, null, '1.7e12'),
);
const name = fc.constantFrom('api', 'web', '../..', 'a/b', '', '*:{}', 'x'.repeat(300));
const lineWith = (message: fc.Arbitrary<string>) =>
  fc
    .record(
      {
        message,
        timestamp,
        customer_tenant: fc.constantFrom('acme', 'acme', 'acme', 'globex'),
        application: name,
        log_level: fc.constantFrom('info', 'ERROR', 'w', 'odd'),
        kubernetes: fc.record({ pod_name: name, namespace: fc.jsonValue() }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
const short = fc.oneof(
  { weight: 12, arbitrary: lineWith(shortText) },
  { weight: 1, arbitrary: fc.constant('{"no JSON') },
);
/** A few of all kinds, or so many that calls are full. */
const lines = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(fc.oneof({ weight: 12, arbitrary: short }, { weight: 1, arbitrary: lineWith(longText) }), {
      maxLength: 40,
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.array(short, { minLength: 1, maxLength: 20 }), fc.integer({ min: 100, max: 1_500 }))
      .map(([some, times]) => Array.from({ length: times }, () => some).flat()),
  },
);
const delivery = fc
  .record({
    log_group_name: fc.constantFrom(PREFIX, `${PREFIX}/{application}`, `${PREFIX}/{namespace}-{pod_name}`),
    log_stream_name: fc.constantFrom('s', '{pod_name}/{date}', '{application}{log_level}'),
    desired_logs: fc.constantFrom([], ['api', '../..']),
    min_log_level: fc.constantFrom(null, 'warn'),
    message_format: fc.constantFrom('message', 'record'),
  })
  .map(buildDelivery);

async function eachChunk(body: Buffer, to: Delivery, pieceBytes: number, visit: (chunk: Chunk) => void): Promise<void> {
  const signal = new AbortController().signal;
  using decoder = await openObject(kernel, memorySource('o', body, pieceBytes), LIMITS, signal);
  const request = { fields: fieldsOf(to), messageFormat: to.messageFormat, limits: LIMITS };
  for await (const chunk of decoder.chunks(START, request, signal)) visit(chunk);
}

test('from bytes to calls: every record has one outcome, every call keeps every limit and stays with its tenant', {
  timeout: FUZZ_TIMEOUT_MS,
}, async (t) => {
  const buffer = createBodyBuffer();
  await fuzz(
    t,
    fc.asyncProperty(
      lines,
      delivery,
      fc.constantFrom(1_024, 262_144, 1_048_576),
      fc.constantFrom(4_093, 65_536),
      fc.constantFrom(undefined, NOON_MS, NOON_MS + 13 * CALL.spanMs),
      async (some, to, eventBytesMax, pieceBytes, judgedMs) => {
        // A first line that looks like nothing else than NDJSON.
        const all = ['{"message":"first"}', ...some];
        let read = 0;
        await eachChunk(Buffer.from(all.join('\n')), to, pieceBytes, (chunk) => {
          read += chunk.count;
          const plan = planChunk(chunk, {
            delivery: to,
            keyFields: {},
            lastModifiedMs: NOON_MS,
            eventBytesMax,
            judgedMs,
          });
          const sent = plan.batches.reduce((sum, { events }) => sum + recordsIn(plan, events), 0);
          assert.equal(
            sent + plan.filtered + plan.refusals.reduce((sum, { records }) => sum + records.length, 0),
            chunk.count,
            'a record without an outcome, or with two',
          );
          checkCalls(plan, eventBytesMax, buffer);
        });
        assert.equal(read, all.length);
        assert.equal(kernel.memory.lent, 0);
      },
    ),
  );
});

function checkCalls(plan: ChunkPlan, eventBytesMax: number, buffer: ReturnType<typeof createBodyBuffer>): void {
  for (const batch of plan.batches) {
    const call = JSON.parse(writeBody(plan, batch, buffer).toString('utf8'));
    const { group, stream } = batch.route;
    assert.deepEqual([call.logGroupName, call.logStreamName], [group, stream]);
    assert.ok(`${group}/`.startsWith(`${PREFIX}/`) || group.startsWith(`${PREFIX}/`), group);
    assert.match(group, /^[a-zA-Z0-9_\-/.#]{1,512}$/);
    assert.match(stream, /^[^:*]{1,512}$/);
    const events: { readonly timestamp: number; readonly message: string }[] = call.logEvents;
    assert.ok(events.length >= 1 && events.length <= CALL.events);
    let bytes = 0;
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const [at, event] of events.entries()) {
      const size = Buffer.byteLength(event.message) + CALL.overhead;
      assert.ok(size > CALL.overhead && size <= eventBytesMax);
      assert.ok(Number.isInteger(event.timestamp) && event.timestamp >= lastMs);
      assert.equal(event.timestamp, timeOf(plan, batch.events[at] ?? -1));
      assert.equal(event.message, messageText(plan, batch.events[at] ?? -1));
      lastMs = event.timestamp;
      bytes += size;
    }
    assert.equal(bytes, batch.bytes);
    assert.ok(bytes <= CALL.bytes);
    assert.ok(lastMs - (events[0]?.timestamp ?? 0) < CALL.spanMs);
  }
}
