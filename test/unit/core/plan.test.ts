import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import { type Delivery, parseDelivery } from '../../../service/core/delivery.ts';
import { levelRank } from '../../../service/core/levels.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_SPAN_MS } from '../../../service/core/limits.ts';
import { type ChunkPlan, messageText, planChunk, recordOf, recordsIn, timeOf } from '../../../service/core/plan.ts';
import { buildChunk, type ChunkSpec, type RecordSpec } from '../../support/chunk.ts';
import { buildDelivery, ITEM } from '../../support/delivery.ts';
import { holds } from '../../support/property.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const LAST_MODIFIED_MS = NOON_MS + 300_000;
const OVERHEAD = 26;
const EVENT_BYTES_MAX = 1_000_000;
/** What stands before the text of each part of a split record. */
const MARKER = /^\[[^\]]+\] /;

function plan(
  records: readonly RecordSpec[],
  attributes: Readonly<Record<string, unknown>> = {},
  { eventBytesMax = EVENT_BYTES_MAX, ...spec }: ChunkSpec & { readonly eventBytesMax?: number } = {},
): ChunkPlan {
  const delivery = buildDelivery(attributes);
  return planChunk(buildChunk(records, spec), {
    delivery,
    keyFields: { cluster_id: 'c1', environment: 'prod' },
    lastModifiedMs: LAST_MODIFIED_MS,
    eventBytesMax,
  });
}

/** What each batch would send, as text. */
const sent = (planned: ChunkPlan) =>
  planned.batches.map(({ route, events }) => [
    `${route.group} ${route.stream}`,
    ...Array.from(events, (event) => messageText(planned, event)),
  ]);

const messages = (planned: ChunkPlan) =>
  planned.batches.map(({ events }) => [...events].map((e) => messageText(planned, e)));

test('records of one stream become one batch, with the bytes that PutLogEvents counts', () => {
  const planned = plan([
    { message: 'one', timeMs: NOON_MS },
    { message: 'zwölf', timeMs: NOON_MS + 1 },
  ]);
  assert.deepEqual(sent(planned), [['/tenant-logs/acme c1-prod-2026-01-31', 'one', 'zwölf']]);
  const [batch] = planned.batches;
  assert.deepEqual([batch?.index, batch?.bytes], [0, 3 + 6 + 2 * OVERHEAD]);
  assert.deepEqual([planned.filtered, planned.refusals, planned.parts], [0, [], []]);
});

test('a chunk without records has no batches', () => {
  assert.deepEqual(plan([]).batches, []);
});

test('records go to the streams that their values name, and batches are numbered through', () => {
  const record = (application: string, message: string) => ({ message, timeMs: NOON_MS, fields: { application } });
  const planned = plan([record('b', '1'), record('a', '2'), record('b', '3')], {
    log_group_name: '/acme/{application}',
    log_stream_name: 's',
  });
  assert.deepEqual(sent(planned), [
    ['/acme/b s', '1', '3'],
    ['/acme/a s', '2'],
  ]);
  assert.deepEqual(
    planned.batches.map(({ index }) => index),
    [0, 1],
  );
});

test('events are chronological, and those of one millisecond stay in the order of the object', () => {
  const times = [5, 3, 5, 1, 3, 5, 1];
  const planned = plan(times.map((time, at) => ({ message: String(at), timeMs: NOON_MS + time })));
  assert.deepEqual(messages(planned), [['3', '6', '1', '4', '0', '2', '5']]);
});

test('filters drop applications that are not wanted and levels below the least', () => {
  const record = (message: string, application: string, log_level: string) => ({
    message,
    timeMs: NOON_MS,
    fields: { application, log_level },
  });
  const planned = plan(
    [
      record('kept', 'api', 'error'),
      record('other application', 'web', 'error'),
      record('minor', 'api', 'info'),
      record('at the limit', 'api', 'WARN'),
      record('of unknown level', 'api', 'loud'),
      record('without a level', 'api', ''),
      record('without an application', '', 'error'),
    ],
    { desired_logs: ['api'], min_log_level: 'warn' },
  );
  assert.deepEqual(messages(planned), [['kept', 'at the limit', 'of unknown level', 'without a level']]);
  assert.equal(planned.filtered, 3);
});

test('a filter on a field that no record has drops what must have it, and keeps what nobody knows', () => {
  const records = [{ message: 'a', timeMs: NOON_MS }];
  assert.deepEqual(messages(plan(records, { desired_logs: ['api'] }, { columns: ['application'] })), []);
  assert.deepEqual(messages(plan(records, { min_log_level: 'fatal' }, { columns: ['log_level'] })), [['a']]);
});

test('an empty message counts as filtered: CloudWatch Logs cannot store it', () => {
  const planned = plan([
    { message: '', timeMs: NOON_MS },
    { message: ' ', timeMs: NOON_MS },
  ]);
  assert.deepEqual(messages(planned), [[' ']]);
  assert.equal(planned.filtered, 1);
});

test("another tenant's record is refused, even where a filter would drop it", () => {
  const planned = plan(
    [
      { message: 'own', timeMs: NOON_MS, fields: { customer_tenant: 'acme', application: 'api' } },
      { message: 'nobody says', timeMs: NOON_MS, fields: { application: 'api' } },
      { message: 'foreign', timeMs: NOON_MS, fields: { customer_tenant: 'globex', application: 'web' } },
      { message: 'foreign by case', timeMs: NOON_MS, fields: { customer_tenant: 'ACME', application: 'api' } },
    ],
    { desired_logs: ['api'] },
  );
  assert.deepEqual(messages(planned), [['own', 'nobody says']]);
  assert.deepEqual(
    planned.refusals.map(({ record, reason }) => [record, reason]),
    [
      [2, 'foreign_tenant'],
      [3, 'foreign_tenant'],
    ],
  );
  assert.equal(planned.filtered, 0);
});

test('a record that could not be decoded is refused with the reason, whatever else it is', () => {
  const planned = plan([
    { message: '{"broken', unparsable: 'Unexpected end of JSON input', fields: { customer_tenant: 'globex' } },
    { message: '', unparsable: 'not an object' },
    { message: 'fine', timeMs: NOON_MS },
  ]);
  assert.deepEqual(planned.refusals, [
    { record: 0, reason: 'unparsable', detail: 'Unexpected end of JSON input' },
    { record: 1, reason: 'unparsable', detail: 'not an object' },
  ]);
  assert.deepEqual(messages(planned), [['fine']]);
});

test("a time that is missing or unreadable becomes the object's, and is counted by cause", () => {
  const planned = plan([
    { message: 'missing', timeMs: TIMESTAMP_MISSING },
    { message: 'own', timeMs: NOON_MS },
    { message: 'unreadable', timeMs: TIMESTAMP_UNREADABLE },
    { message: 'missing too', timeMs: TIMESTAMP_MISSING },
  ]);
  assert.deepEqual(messages(planned), [['own', 'missing', 'unreadable', 'missing too']]);
  assert.deepEqual([...planned.timesMs], [LAST_MODIFIED_MS, NOON_MS, LAST_MODIFIED_MS, LAST_MODIFIED_MS]);
  assert.deepEqual(planned.substituted, { missing: 2, unreadable: 1 });
});

test('only records that are delivered with the time of the object count as substituted', () => {
  const planned = plan(
    [
      { message: 'broken', unparsable: 'not JSON' },
      { message: 'filtered', fields: { application: 'web' } },
      { message: 'foreign', timeMs: TIMESTAMP_UNREADABLE, fields: { customer_tenant: 'globex', application: 'api' } },
      { message: 'delivered', timeMs: TIMESTAMP_UNREADABLE, fields: { application: 'api' } },
    ],
    { desired_logs: ['api'] },
  );
  assert.deepEqual(messages(planned), [['delivered']]);
  assert.deepEqual(planned.substituted, { missing: 0, unreadable: 1 });
});

test("substituting leaves the chunk's own times alone, and copies them only when it must", () => {
  const chunk = buildChunk([{ message: 'a' }, { message: 'b', timeMs: NOON_MS }]);
  const context = { delivery: buildDelivery(), keyFields: {}, lastModifiedMs: 7, eventBytesMax: EVENT_BYTES_MAX };
  assert.deepEqual([...planChunk(chunk, context).timesMs], [7, NOON_MS]);
  assert.deepEqual([...chunk.timestampsMs], [Number.NaN, NOON_MS]);
  const timed = buildChunk([{ message: 'b', timeMs: NOON_MS }]);
  assert.equal(planChunk(timed, context).timesMs, timed.timestampsMs);
});

test('times that no call may hold are refused one by one, so that they do not fail the others', () => {
  const planned = plan([
    { message: 'before the epoch', timeMs: -1 },
    { message: 'epoch', timeMs: 0 },
    { message: 'last', timeMs: 8.64e15 },
    { message: 'beyond', timeMs: 8.64e15 + 2 },
    { message: 'infinite', timeMs: Number.POSITIVE_INFINITY },
  ]);
  assert.deepEqual(
    planned.refusals.map(({ record, reason }) => [record, reason]),
    [
      [0, 'too_old'],
      [3, 'too_new'],
      [4, 'too_new'],
    ],
  );
  assert.deepEqual(messages(planned), [['epoch'], ['last']]);
});

const sizes = (...lengths: number[]) => lengths.map((length) => ({ message: 'x'.repeat(length), timeMs: NOON_MS }));
const lengths = (planned: ChunkPlan) => messages(planned).map((batch) => batch.map((text) => text.length));

test('a batch takes exactly the bytes that a call may have, and not one more', () => {
  const rest = BATCH_BYTES_MAX - 600_000 - 2 * OVERHEAD;
  const full = plan(sizes(600_000, rest));
  assert.deepEqual(lengths(full), [[600_000, rest]]);
  assert.equal(full.batches[0]?.bytes, BATCH_BYTES_MAX);
  const over = plan(sizes(600_000, rest + 1));
  assert.deepEqual(lengths(over), [[600_000], [rest + 1]]);
  assert.deepEqual(
    over.batches.map(({ bytes }) => bytes),
    [600_000 + OVERHEAD, rest + 1 + OVERHEAD],
  );
});

test('a batch takes 10,000 events, and not one more', () => {
  const full = plan(sizes(...Array(BATCH_EVENTS_MAX).fill(1)));
  assert.deepEqual(
    full.batches.map(({ events }) => events.length),
    [BATCH_EVENTS_MAX],
  );
  const over = plan(sizes(...Array(BATCH_EVENTS_MAX + 1).fill(1)));
  assert.deepEqual(
    over.batches.map(({ events }) => events.length),
    [BATCH_EVENTS_MAX, 1],
  );
});

test('a batch spans less than 24 hours: an event at exactly 24 hours begins the next', () => {
  const at = (...times: number[]) =>
    messages(
      plan(
        times.map((time) => ({ message: String(time), timeMs: NOON_MS + time })),
        { log_stream_name: 's' },
      ),
    );
  assert.deepEqual(at(0, BATCH_SPAN_MS - 1), [['0', '86399999']]);
  assert.deepEqual(at(0, BATCH_SPAN_MS), [['0'], ['86400000']]);
  // The span is measured from the first event of each batch, not from the batch before.
  assert.deepEqual(at(0, BATCH_SPAN_MS, BATCH_SPAN_MS + 5, 2 * BATCH_SPAN_MS, 2 * BATCH_SPAN_MS + 5), [
    ['0'],
    ['86400000', '86400005'],
    ['172800000', '172800005'],
  ]);
});

test('a message of exactly the event limit stays whole, one of a byte more is split, nothing is cut off', () => {
  const whole = plan(sizes(1_024 - OVERHEAD), {}, { eventBytesMax: 1_024 });
  assert.deepEqual(lengths(whole), [[998]]);
  assert.deepEqual(whole.parts, []);

  const text = 'abcdefghij'.repeat(300);
  const split = plan([{ message: text, timeMs: NOON_MS }], {}, { eventBytesMax: 1_024, at: { record: 7, cursor: '' } });
  assert.deepEqual(
    split.parts.map(({ text: part }) => part.slice(0, part.indexOf(']') + 1)),
    ['[part 1/4 of record 7]', '[part 2/4 of record 7]', '[part 3/4 of record 7]', '[part 4/4 of record 7]'],
  );
  assert.equal(split.parts.map(({ text: part }) => part.replace(MARKER, '')).join(''), text);
  assert.ok(split.parts.every(({ size }) => size + OVERHEAD <= 1_024));
});

test('an event limit above that of a batch does not make a batch that a call would refuse', () => {
  const largest = BATCH_BYTES_MAX - OVERHEAD;
  const planned = plan(sizes(largest, largest + 1), {}, { eventBytesMax: 1_048_576 });
  assert.deepEqual(
    planned.batches.map(({ bytes }) => bytes <= BATCH_BYTES_MAX),
    planned.batches.map(() => true),
  );
  assert.equal(lengths(planned)[0]?.[0], largest);
  assert.equal(planned.parts.length, 2);
});

test('the parts of a split record stand in their order between the records around it, at its time', () => {
  const planned = plan(
    [
      { message: 'later', timeMs: NOON_MS + 1 },
      { message: 'x'.repeat(1_500), timeMs: NOON_MS },
      { message: 'same time', timeMs: NOON_MS },
    ],
    {},
    { eventBytesMax: 1_024 },
  );
  const [batch] = planned.batches;
  const events = [...(batch?.events ?? [])];
  assert.deepEqual(
    events.map((event) => messageText(planned, event).slice(0, 9)),
    ['[part 1/2', '[part 2/2', 'same time', 'later'],
  );
  assert.deepEqual(
    events.map((event) => [recordOf(planned, event), timeOf(planned, event)]),
    [
      [1, NOON_MS],
      [1, NOON_MS],
      [2, NOON_MS],
      [0, NOON_MS + 1],
    ],
  );
});

test('a split record is counted once, with its first part, wherever its parts end up', () => {
  const planned = plan(sizes(10, 3_000_000, 10));
  const counts = planned.batches.map(({ events }) => recordsIn(planned, events));
  assert.ok(counts.length > 2, 'the parts fill several batches');
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    3,
  );
  const last = planned.batches.at(-1)?.events ?? new Uint32Array();
  assert.equal(recordsIn(planned, last.subarray(0, 1)), 0, 'a part that is not the first counts nothing');
});

const field = (...values: string[]) => fc.constantFrom('', ...values);
const record: fc.Arbitrary<RecordSpec> = fc
  .record({
    message: fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
      { weight: 1, arbitrary: fc.integer({ min: 900, max: 4_000 }).map((length) => '🍵'.repeat(length / 4)) },
      { weight: 1, arbitrary: fc.constant('y'.repeat(400_000)) },
    ),
    timeMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -3, max: 60 }).map((hours) => NOON_MS + hours * 3_600_000) },
      { weight: 1, arbitrary: fc.constantFrom(-1, TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE, 9e15) },
    ),
    json: fc.boolean(),
    fields: fc.record({
      customer_tenant: fc.constantFrom('', '', 'acme', 'globex'),
      application: field('api', 'web'),
      log_level: field('info', 'error', 'odd'),
    }),
    unparsable: fc.option(fc.constant('broken'), { freq: 15, nil: undefined }),
  })
  .map(({ unparsable, ...rest }) => (unparsable === undefined ? rest : { ...rest, unparsable }));

const delivery: fc.Arbitrary<Delivery> = fc
  .record({
    desired_logs: fc.constantFrom(null, ['api']),
    min_log_level: fc.constantFrom(null, 'warn'),
    log_group_name: fc.constantFrom('/acme', '/acme/{application}'),
    log_stream_name: fc.constantFrom('s', '{date}'),
  })
  .map((attributes) => parseDelivery({ ...ITEM, ...attributes }, { region: 'us-east-1', applicationGroups: {} }));

/** Where a record must end, told from the record alone. */
function fate(spec: RecordSpec, { applications, minLevel }: Delivery): 'filtered' | 'refused' | 'sent' {
  if (spec.unparsable !== undefined) return 'refused';
  if (spec.fields?.customer_tenant === 'globex') return 'refused';
  const rank = levelRank(spec.fields?.log_level ?? '');
  if (applications && !applications.has(spec.fields?.application ?? '')) return 'filtered';
  if (minLevel !== null && rank !== null && rank < minLevel) return 'filtered';
  if (spec.message.length === 0) return 'filtered';
  const time = spec.timeMs ?? TIMESTAMP_MISSING;
  return time === -1 || time === 9e15 ? 'refused' : 'sent';
}

test('every record ends in exactly one place, no batch is over any limit, and all of it is repeatable', () =>
  holds(
    fc.property(
      fc.array(record, { maxLength: 40, size: 'max' }),
      delivery,
      fc.constantFrom(1_024, 262_144, 1_048_576),
      (specs, to, eventBytesMax) => {
        const context = { delivery: to, keyFields: {}, lastModifiedMs: LAST_MODIFIED_MS, eventBytesMax };
        const planned = planChunk(buildChunk(specs), context);

        const texts = new Map<number, string>();
        let records = 0;
        for (const [index, batch] of planned.batches.entries()) {
          const times = Array.from(batch.events, (event) => timeOf(planned, event));
          const bytes = Array.from(batch.events, (event) => Buffer.byteLength(messageText(planned, event)) + OVERHEAD);
          assert.equal(batch.index, index);
          assert.ok(batch.events.length >= 1 && batch.events.length <= BATCH_EVENTS_MAX);
          assert.equal(
            batch.bytes,
            bytes.reduce((sum, size) => sum + size, 0),
          );
          assert.ok(batch.bytes <= BATCH_BYTES_MAX);
          assert.ok(bytes.every((size) => size <= eventBytesMax && size > OVERHEAD));
          assert.deepEqual(
            times,
            times.toSorted((a, b) => a - b),
          );
          assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) < BATCH_SPAN_MS);
          records += recordsIn(planned, batch.events);
          for (const event of batch.events) {
            const at = recordOf(planned, event);
            const text = messageText(planned, event);
            texts.set(at, (texts.get(at) ?? '') + (event < specs.length ? text : text.replace(MARKER, '')));
          }
        }

        const wanted = new Map([...specs.entries()].filter(([, spec]) => fate(spec, to) === 'sent'));
        const refused = [...specs.entries()].filter(([, spec]) => fate(spec, to) === 'refused');
        assert.deepEqual(
          new Map([...texts].sort(([a], [b]) => a - b)),
          new Map([...wanted].map(([at, spec]) => [at, spec.message])),
        );
        assert.equal(records, wanted.size);
        assert.deepEqual(
          planned.refusals.map(({ record: at }) => at),
          refused.map(([at]) => at),
        );
        assert.equal(planned.filtered, specs.length - wanted.size - refused.length);
        assert.deepEqual(planChunk(buildChunk(specs), context), planned);
      },
    ),
    200,
  ));
