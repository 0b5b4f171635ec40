import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memberSources } from '../../../../service/object/text/member-sources.ts';
import { parseRecord } from '../../../../service/object/text/record.ts';
import { checkLines, member, name, space } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

/** Values that JSON.parse and JSON.stringify would change. */
const FRAGILE = [
  '1234567890123456789',
  '10.00',
  '1e400',
  '-0',
  '0.1e-7',
  'true',
  'false',
  '[ 1,\t2 ]',
  '{"a":1,"a":2}',
  '{"__proto__":{"x":1}, "2":1,"1":2}',
  '{"trace_id":1234567890123456789,"order":9007199254740993,"amount":10.00}',
  '{"text":"\\u00e9 \\/ \\"}{[]","empty":{},"none":[],"deep":[[{"a":[-1.50e+2]}]]}',
];

test('a message that is no text is the bytes of its own member', () => {
  for (const value of FRAGILE) assert.equal(parseRecord(`{"a":{"message":1},"message": ${value} }`).message, value);
});

test('of two messages the last one counts, and null is none', () => {
  assert.equal(parseRecord('{"message":[1],"message":2.50}').message, '2.50');
  assert.equal(parseRecord('{"message":"a","me\\u0073sage":{"b":1.0}}').message, '{"b":1.0}');
  assert.equal(parseRecord('{"message":1.0,"message":null}').message, null);
});

test('a field that is a number keeps its digits', () => {
  const record = parseRecord(
    '{"customer_tenant":12345678901234567890,"application":1.50,"kubernetes":{"pod_name":-0,"namespace":1e400}}',
  );
  const fields = (['customer_tenant', 'application', 'pod_name', 'namespace'] as const).map(record.field);
  assert.deepEqual(fields, ['12345678901234567890', '1.50', '-0', '1e400']);
  assert.equal(parseRecord(`{"file":${'1'.repeat(5_000)}}`).field('file').length, 2_048);
});

test('a number of nanoseconds keeps its digits, wherever it stands', () => {
  const at = parseRecord('{"n":{"timestamp":1},"timestamp":1767225600123999999}').timestampMs;
  assert.equal(at, 1_767_225_600_123);
});

test('the time is that of the member that is asked for, or else of the usual one', () => {
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'];
  const timeOf = (value: object) => parseRecord(JSON.stringify(value), 'eventTime').timestampMs;
  assert.equal(timeOf({ timestamp: late, eventTime: early }), Date.parse(early));
  assert.equal(timeOf({ timestamp: late }), Date.parse(late));
  assert.equal(parseRecord('{"eventTime":1767225600123999999}', 'eventTime').timestampMs, 1_767_225_600_123);
});

test('the kernel and JSON.parse agree on messages that are no text', async () => {
  const lines = FRAGILE.flatMap((value) => [`{"message":${value}}`, `{"message":${value} ,"timestamp":1767225600}`]);
  const broken = FRAGILE.map((value) => `{"message":${value.slice(0, -1)}}`);
  for (const format of ['message', 'record'] as const) await checkLines([...lines, ...broken], format);
});

test('sources are those of the last member of each name, and say what JSON.parse says', async () => {
  await holds(
    fc.property(fc.array(fc.tuple(fc.oneof(member, fc.tuple(name, fc.jsonValue())), space, space)), (members) => {
      const parts = members.map(([[name, value], a, b]) => {
        return `${a}${JSON.stringify(name)}${b}:${a}${JSON.stringify(value) ?? 'null'}${b}`;
      });
      const json = ` {${parts.join(',')}} `;
      const sources = [...memberSources(json)].map(([name, source]) => [name, JSON.parse(source)] as const);
      assert.deepEqual(Object.fromEntries(sources), JSON.parse(json));
    }),
    2_000,
  );
});
