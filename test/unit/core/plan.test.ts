import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_SPAN_MS } from '../../../service/core/limits.ts';
import {
  type ChunkPlan,
  messageText,
  type PlanContext,
  planChunk,
  recordOf,
  recordsIn,
  timeOf,
} from '../../../service/core/plan.ts';
import { detailOf } from '../../../service/core/refusal.ts';
import { buildChunk, type ChunkSpec, type RecordSpec } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const LAST_MODIFIED_MS = NOON_MS + 300_000;
const OVERHEAD = 26;
const EVENT_BYTES_MAX = 1_000_000;
/** What stands before the text of each part of a split record. */
const MARKER = /^\[[^\]]+\] /;

function plan(
  records: readonly RecordSpec[],
  attributes: Readonly<Record<string, unknown>> = {},
  { eventBytesMax = EVENT_BYTES_MAX, judgedMs, ...spec }: ChunkSpec & Partial<PlanContext> = {},
): ChunkPlan {
  const delivery = buildDelivery(attributes);
  return planChunk(buildChunk(records, spec), {
    delivery,
    keyFields: { cluster_id: 'c1', environment: 'prod' },
    lastModifiedMs: LAST_MODIFIED_MS,
    eventBytesMax,
    judgedMs,
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
  assert.deepEqual(planned.refusals, [{ reason: 'foreign_tenant', records: [2, 3] }]);
  assert.equal(planned.filtered, 0);
});

test('a record that could not be decoded is refused with the reason, whatever else it is', () => {
  const planned = plan([
    { message: '{"broken', unparsable: 'Unexpected end of JSON input', fields: { customer_tenant: 'globex' } },
    { message: '', unparsable: 'not an object' },
    { message: 'fine', timeMs: NOON_MS },
  ]);
  assert.deepEqual(planned.refusals, [{ reason: 'unparsable', records: [0, 1] }]);
  assert.deepEqual(
    [0, 1].map((record) => detailOf('unparsable', planned.chunk, record)),
    ['Unexpected end of JSON input', 'not an object'],
  );
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
  assert.deepEqual(planned.refusals, [
    { reason: 'too_old', records: [0] },
    { reason: 'too_new', records: [3, 4] },
  ]);
  assert.equal(planned.judged, false, 'whenever it is planned');
  assert.deepEqual(messages(planned), [['epoch'], ['last']]);
});

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
const MARGIN_MS = 600_000;

test('what CloudWatch surely refuses at the time of planning is refused; what is near a limit is left to it', () => {
  const oldest = NOON_MS - 14 * DAY_MS - MARGIN_MS;
  const newest = NOON_MS + 2 * HOUR_MS + MARGIN_MS;
  const records = [oldest - 1, oldest, NOON_MS, newest, newest + 1].map((timeMs, at) => ({ message: `${at}`, timeMs }));
  const judged = plan(records, { log_stream_name: 's' }, { judgedMs: NOON_MS });
  assert.deepEqual(judged.refusals, [
    { reason: 'too_old', records: [0] },
    { reason: 'too_new', records: [4] },
  ]);
  assert.deepEqual([judged.judged, messages(judged)], [true, [['1'], ['2', '3']]]);
  assert.deepEqual(messages(plan(records, { log_stream_name: 's' })), [
    ['0', '1'],
    ['2', '3', '4'],
  ]);

  const inTime = records.slice(1, 4);
  const { chunk: _, ...same } = plan(inTime, {}, { judgedMs: NOON_MS });
  const { chunk: __, ...unjudged } = plan(inTime);
  assert.deepEqual(same, unjudged, 'no time was looked at, and nothing depends on it');
});

test('a record without a time of its own is judged by the time that stands for it', () => {
  const records = [{ message: 'm' }, { message: 'unreadable', timeMs: TIMESTAMP_UNREADABLE }];
  const planned = plan(records, {}, { judgedMs: LAST_MODIFIED_MS + 15 * DAY_MS });
  assert.deepEqual(planned.refusals, [{ reason: 'too_old', records: [0, 1] }]);
  assert.deepEqual([planned.batches, planned.substituted], [[], { missing: 0, unreadable: 0 }]);
});

test('events that are surely refused take no stream: those in time keep their own, whatever the number of dates', () => {
  const garbage = Array.from({ length: 3_000 }, (_, day) => ({
    message: 'old',
    timeMs: NOON_MS - (20 + day) * DAY_MS,
  }));
  const planned = plan([...garbage, { message: 'good', timeMs: NOON_MS }], {}, { judgedMs: NOON_MS });
  assert.deepEqual(sent(planned), [['/tenant-logs/acme c1-prod-2026-01-31', 'good']]);
  assert.equal(planned.overflowed, 0);
});

test('a bucket takes events of any time', () => {
  const records = [
    { message: '{}', timeMs: 5 },
    { message: '{}', timeMs: NOON_MS + 400 * DAY_MS },
  ];
  const planned = plan(records, { type: 's3', bucket_name: 'acme-logs' }, { judgedMs: NOON_MS });
  assert.deepEqual([planned.refusals, planned.judged, messages(planned)], [[], false, [['{}', '{}']]]);
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
