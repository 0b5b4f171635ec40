import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chunk, RecordField } from '../../../service/core/chunk.ts';
import { resolveTimes } from '../../../service/core/record-times.ts';
import { ROUTES_MAX, routeRecords } from '../../../service/core/route.ts';
import { buildChunk, type RecordSpec } from '../../support/chunk.ts';
import { buildDelivery } from '../../support/delivery.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const MIDNIGHT_MS = Date.UTC(2026, 1, 1);

const BY_APPLICATION = { log_group_name: '/acme/{application}', log_stream_name: '{cluster_id}-{date}' };

function routes(
  specs: readonly Readonly<Partial<Record<RecordField, string>>>[],
  attributes: Readonly<Record<string, unknown>> = BY_APPLICATION,
  keyFields: Readonly<Record<string, string>> = {},
  timeMs = NOON_MS,
) {
  const chunk = buildChunk(specs.map((fields): RecordSpec => ({ message: 'm', fields })));
  return routesOf(chunk, attributes, keyFields, () => timeMs).found;
}

/** The route of each record, and what else is said of them. */
function routesOf(
  chunk: Chunk,
  attributes: Readonly<Record<string, unknown>>,
  keyFields: Readonly<Record<string, string>>,
  timeOf: (record: number) => number,
) {
  const records = Uint32Array.from({ length: chunk.count }, (_, record) => record);
  const timesMs = Float64Array.from(records, timeOf);
  const times = resolveTimes({ timestampsMs: timesMs }, Number.NaN);
  const routing = routeRecords(chunk, records, times, buildDelivery(attributes), keyFields);
  return { ...routing, found: Array.from(routing.of, (route) => routing.routes[route]) };
}

test('a record goes to the group and stream that its values name', () => {
  assert.deepEqual(
    routes([
      { application: 'api', cluster_id: 'c1' },
      { application: 'web', cluster_id: 'c2' },
    ]),
    [
      { group: '/acme/api', stream: 'c1-2026-01-31' },
      { group: '/acme/web', stream: 'c2-2026-01-31' },
    ],
  );
});

test('what a record does not say, the object key does; what neither says is unknown', () => {
  const keyFields = { tenant_id: 'acme', cluster_id: 'from-key' };
  assert.deepEqual(routes([{ application: 'api' }, { cluster_id: 'own' }], BY_APPLICATION, keyFields), [
    { group: '/acme/api', stream: 'from-key-2026-01-31' },
    { group: '/acme/unknown', stream: 'own-2026-01-31' },
  ]);
});

test("the date is the event's in UTC, to the millisecond", () => {
  const at = (timeMs: number) => routes([{}], { log_stream_name: '{date}' }, {}, timeMs)[0]?.stream;
  assert.equal(at(MIDNIGHT_MS - 1), '2026-01-31');
  assert.equal(at(MIDNIGHT_MS), '2026-02-01');
  assert.equal(at(0), '1970-01-01');
});

test('one route is one object, whichever records it is reached by', () => {
  const [a, b, c, d] = routes([
    { application: 'api', cluster_id: 'c1' },
    { application: 'web', cluster_id: 'c1' },
    { application: 'api', cluster_id: 'c1' },
    { application: 'api', cluster_id: 'c2' },
  ]);
  assert.equal(a, c);
  assert.notEqual(a, b);
  assert.notEqual(a, d);
});

test('values that sanitize to one name share one route', () => {
  const [a, b] = routes([{ application: 'a/b' }, { application: 'a b' }]);
  assert.equal(a, b);
  assert.equal(a?.group, '/acme/a_b');
});

test('a group and a stream that together spell the same text are told apart', () => {
  const attributes = { log_group_name: '/a{application}', log_stream_name: '{namespace}' };
  const [a, b] = routes(
    [
      { application: 'b', namespace: 'bc' },
      { application: 'bb', namespace: 'c' },
    ],
    attributes,
  );
  assert.deepEqual(
    [a, b],
    [
      { group: '/ab', stream: 'bc' },
      { group: '/abb', stream: 'c' },
    ],
  );
});

test('many columns of many values each give every record its own route', () => {
  const fields = ['namespace', 'pod_name', 'container_name', 'node_name', 'application'] as const;
  const template = fields.map((field) => `{${field}}`).join('.');
  const specs = Array.from({ length: 600 }, (_, n) => {
    const value = `v${299 - (n >> 1)}`;
    return Object.fromEntries(
      fields.map((field) => [field, field === 'application' ? `v${((n >> 1) + (n & 1)) % 300}` : value]),
    );
  });
  assert.deepEqual(
    routes(specs, { log_stream_name: `${template}.{date}` }).map((route) => route?.stream),
    specs.map((spec) => [...fields.map((field) => spec[field]), '2026-01-31'].join('.')),
  );
});

test('the same record on another day has another route where the template names the date, else the same', () => {
  const days = [NOON_MS, MIDNIGHT_MS, NOON_MS + 3_600_000, NOON_MS - 86_400_000, NOON_MS];
  const chunk = buildChunk(days.map(() => ({ message: 'm', fields: { application: 'api' } })));
  const streams = (template: string) =>
    routesOf(chunk, { log_stream_name: template }, {}, (record) => days[record] ?? 0).found.map(
      (route) => route?.stream,
    );
  assert.deepEqual(streams('{date}'), ['2026-01-31', '2026-02-01', '2026-01-31', '2026-01-30', '2026-01-31']);
  assert.deepEqual(streams('{application}'), ['api', 'api', 'api', 'api', 'api']);
});

test('routes are numbered in the order in which records first come to them, whatever else the chunk holds', () => {
  const names = ['web', 'api', 'web', 'a/b', 'a b', 'api', 'db'];
  const chunk = buildChunk(names.map((application) => ({ message: 'm', fields: { application } })));
  const delivery = buildDelivery(BY_APPLICATION);
  const times = resolveTimes({ timestampsMs: new Float64Array(names.length).fill(NOON_MS) }, Number.NaN);
  const routed = (...records: number[]) => {
    const { routes: all, of } = routeRecords(chunk, Uint32Array.from(records), times, delivery, {});
    return [all.map(({ group }) => group), [...of]];
  };
  assert.deepEqual(routed(0, 1, 2, 3, 4, 5, 6), [
    ['/acme/web', '/acme/api', '/acme/a_b', '/acme/db'],
    [0, 1, 0, 2, 2, 1, 3],
  ]);
  assert.deepEqual(routed(3, 4), [['/acme/a_b'], [0, 0]], 'two values, one name');
  assert.deepEqual(routed(1, 4, 5), [
    ['/acme/api', '/acme/a_b'],
    [0, 1, 0],
  ]);
  assert.deepEqual(routed(), [[], []]);
});

test('a chunk has so many routes and no more: the records beyond share one, still below the literal prefix', () => {
  const attributes = { log_group_name: '/acme/{application}', log_stream_name: '{pod_name}-{date}' };
  const specs = Array.from({ length: ROUTES_MAX + 10 }, (_, n) => ({ application: 'api', pod_name: `pod-${n}` }));
  const chunk = buildChunk([...specs, ...specs].map((fields): RecordSpec => ({ message: 'm', fields })));
  const { found, overflowed } = routesOf(chunk, attributes, {}, () => NOON_MS);
  assert.equal(new Set(found).size, ROUTES_MAX + 1);
  assert.deepEqual(found[ROUTES_MAX - 1], { group: '/acme/api', stream: `pod-${ROUTES_MAX - 1}-2026-01-31` });
  assert.deepEqual(found[ROUTES_MAX], { group: '/acme/overflow', stream: 'overflow-overflow' });
  assert.equal(overflowed, 2 * 10);
  assert.deepEqual(found.slice(0, specs.length), found.slice(specs.length), 'whenever a record comes');
});

test('dates are names too: a record for each day since 1970 does not make a stream for each', () => {
  const records = Array.from({ length: 20_000 }, () => ({ message: 'm' }));
  const { found } = routesOf(buildChunk(records), { log_stream_name: '{date}' }, {}, (record) => record * 86_400_000);
  assert.equal(new Set(found).size, ROUTES_MAX + 1);
});

test('a chunk with few routes has no overflow', () => {
  const { overflowed } = routesOf(buildChunk([{ message: 'm' }]), BY_APPLICATION, {}, () => NOON_MS);
  assert.equal(overflowed, 0);
});
