import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TIMESTAMP_MISSING, TIMESTAMP_UNREADABLE } from '../../../service/core/chunk.ts';
import type { Delivery } from '../../../service/core/delivery.ts';
import { levelRank } from '../../../service/core/levels.ts';
import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_SPAN_MS } from '../../../service/core/limits.ts';
import { type ChunkPlan, messageText, planChunk, recordOf, recordsIn, timeOf } from '../../../service/core/plan.ts';
import type { Route } from '../../../service/core/route.ts';
import { parseDelivery } from '../../../service/destination/parse-delivery.ts';
import { buildChunk, type RecordSpec } from '../../support/chunk.ts';
import { ITEM } from '../../support/delivery.ts';
import { holds } from '../../support/property.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const LAST_MODIFIED_MS = NOON_MS + 300_000;
const OVERHEAD = 26;
/** What stands before the text of each part of a split record. */
const MARKER = /^\[[^\]]+\] /;

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
function fate(
  spec: RecordSpec,
  { applications, minLevel }: Delivery,
  judgedMs: number | undefined,
): 'filtered' | 'refused' | 'sent' {
  if (spec.unparsable !== undefined) return 'refused';
  if (spec.fields?.customer_tenant === 'globex') return 'refused';
  const rank = levelRank(spec.fields?.log_level ?? '');
  if (applications && !applications.has(spec.fields?.application ?? '')) return 'filtered';
  if (minLevel !== null && rank !== null && rank < minLevel) return 'filtered';
  if (spec.message.length === 0) return 'filtered';
  const time = spec.timeMs ?? TIMESTAMP_MISSING;
  if (time === -1 || time === 9e15) return 'refused';
  if (judgedMs === undefined) return 'sent';
  const aheadMs = (time > TIMESTAMP_UNREADABLE ? time : LAST_MODIFIED_MS) - judgedMs;
  return aheadMs < -(14 * 24 + 1 / 6) * 3_600_000 || aheadMs > (2 + 1 / 6) * 3_600_000 ? 'refused' : 'sent';
}

/** What makes a batch's number mean the same in any process: routes as records first come to them, equal times as in the object. */
function assertOrder(planned: ChunkPlan): void {
  const firstRecords = new Map<Route, number>();
  const turns: Route[] = [];
  for (const { route, events } of planned.batches) {
    const records = Array.from(events, (event) => recordOf(planned, event));
    firstRecords.set(route, Math.min(firstRecords.get(route) ?? Number.POSITIVE_INFINITY, ...records));
    if (turns.at(-1) !== route) turns.push(route);
    const keys = Array.from(events, (event, at) => [timeOf(planned, event), records[at] ?? 0, event] as const);
    assert.deepEqual(
      keys,
      keys.toSorted(([a, b, c], [d, e, f]) => a - d || b - e || c - f),
    );
  }
  assert.equal(turns.length, firstRecords.size, 'the batches of a route follow one another');
  const order = turns.map((route) => firstRecords.get(route) ?? 0);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
}

test('to know that a column says the same of every record changes nothing', () =>
  holds(
    fc.property(
      fc.array(record, { minLength: 1, maxLength: 12 }),
      record.map(({ fields }) => fields),
      delivery,
      (records, fields, to) => {
        const context = { delivery: to, keyFields: {}, lastModifiedMs: LAST_MODIFIED_MS, eventBytesMax: 1_024 };
        const specs = records.map((spec) => ({ ...spec, fields: { ...spec.fields, ...fields } }));
        const chunk = buildChunk(specs);
        const known = Object.entries(chunk.fields).map(([name, column]) => [
          name,
          { ...column, only: column.index[0] },
        ]);
        const { chunk: _, ...planned } = planChunk(chunk, context);
        const { chunk: __, ...same } = planChunk({ ...chunk, fields: Object.fromEntries(known) }, context);
        assert.deepEqual(same, planned);
      },
    ),
  ));

test('every record ends in exactly one place, no batch is over any limit, and all of it is repeatable', () =>
  holds(
    fc.property(
      fc.array(record, { maxLength: 40, size: 'max' }),
      delivery,
      fc.constantFrom(1_024, 262_144, 1_048_576),
      fc.option(
        fc.integer({ min: -20, max: 20 * 24 }).map((hours) => NOON_MS + hours * 3_600_000),
        { nil: undefined },
      ),
      (specs, to, eventBytesMax, judgedMs) => {
        const context = { delivery: to, keyFields: {}, lastModifiedMs: LAST_MODIFIED_MS, eventBytesMax, judgedMs };
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

        const wanted = new Map([...specs.entries()].filter(([, spec]) => fate(spec, to, judgedMs) === 'sent'));
        const refused = [...specs.entries()].filter(([, spec]) => fate(spec, to, judgedMs) === 'refused');
        assert.deepEqual(
          new Map([...texts].sort(([a], [b]) => a - b)),
          new Map([...wanted].map(([at, spec]) => [at, spec.message])),
        );
        assert.equal(records, wanted.size);
        assertOrder(planned);
        assert.deepEqual(
          planned.refusals.flatMap(({ records: at }) => at).sort((a, b) => a - b),
          refused.map(([at]) => at),
        );
        assert.equal(planned.filtered, specs.length - wanted.size - refused.length);
        assert.deepEqual(planChunk(buildChunk(specs), context), planned);
      },
    ),
    200,
  ));
