import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { differenceOf } from '../../conformance/compare.ts';
import { parseExact } from '../../conformance/exact-json.ts';

/** A record with one member, and what pyarrow says of it. */
const same = (value: string, expected: string) => differenceOf(`{"x":${value}}`, `[["x",${expected}]]`) === undefined;

suite('a record says what pyarrow says', () => {
  for (const [what, expected, right, wrong] of [
    [
      'an integer',
      '18446744073709551615',
      ['18446744073709551615'],
      ['18446744073709551616', '1.8446744073709551615e19'],
    ],
    ['a decimal', '{"decimal":"10.00"}', ['10.00'], ['10', '10.0', '"10.00"', '10.01']],
    ['a float', '{"f32":"0.10000000149011612"}', ['0.1', '0.10000000149011612'], ['0.11', '"0.1"']],
    ['a double', '{"f64":"0.1"}', ['0.1', '1e-1'], ['0.10000000149011612']],
    ['a negative zero', '{"f64":"-0.0"}', ['-0', '-0.0'], ['0']],
    ['an infinity', '{"f64":"-inf"}', ['"-Infinity"'], ['"Infinity"', '"NaN"', '-1e999']],
    ['no number', '{"f32":"nan"}', ['"NaN"'], ['0', '"nan"']],
    ['a date', '{"days":-1}', ['"1969-12-31"'], ['"1970-01-01"', '"1969-12-31T00:00:00.000Z"']],
    ['a time', '{"nanos":"1001"}', ['"1970-01-01T00:00:00.000001001Z"'], ['"1970-01-01T00:00:00.000001Z"']],
    ['a time of day', '{"clock":"3600000000001"}', ['"01:00:00.000000001"'], ['"01:00:00.000"', '"1:00"']],
    ['bytes', '{"bytes":"YWI="}', ['"ab"', '"YWI="'], ['"abc"', '1']],
    [
      'a UUID',
      '{"fixed":"ABEiM0RVZneImaq7zN3u/w=="}',
      ['"00112233-4455-6677-8899-aabbccddeeff"'],
      ['"00112233-4455-6677-8899-aabbccddeefe"'],
    ],
    [
      'an interval',
      '{"fixed":"DgAAAAMAAACVaOAA"}',
      ['"P14M3DT14706.837S"'],
      ['"P14M3DT14706.838S"', '"P13M3DT14706.837S"'],
    ],
    [
      'JSON',
      '{"json":"{\\"a\\":1.0,\\"a\\":2}"}',
      ['{"a":1.0,"a":2}', '{ "a" : 1.0, "a":2}'],
      ['{"a":1,"a":2}', '{"a":2}'],
    ],
    ['JSON that is none', '{"json":"nope"}', ['"nope"'], ['1']],
    ['a list', '[1,null]', ['[1,null]'], ['[1]', '[null,1]', '[1,null,null]', '{}']],
    [
      'a group',
      '{"group":[["a",1],["b","x"]]}',
      ['{"a":1,"b":"x"}'],
      ['{"b":"x","a":1}', '{"a":1}', '{"a":1,"b":"x","c":1}'],
    ],
    ['a map', '{"map":[["k",1],["k",null]]}', ['{"k":1,"k":null}'], ['{"k":null}', '{"k":null,"k":1}']],
    ['a map of numbers', '{"map":[[1,{"f64":"0.5"}]]}', ['{"1":0.5}'], ['{"2":0.5}', '[[1,0.5]]']],
  ] as const) {
    test(`of ${what}, and not when it says another`, () => {
      for (const value of right) assert.ok(same(value, expected), value);
      for (const value of wrong) assert.ok(!same(value, expected), value);
    });
  }

  test('with members in the order of the file, none missing and none more, but for what it does not show', () => {
    assert.equal(differenceOf('{"a":1,"b":2}', '[["a",1],["b",2]]'), undefined);
    assert.equal(differenceOf('{"a":null,"b":2}', '[["a",1],["b",2]]'), undefined);
    assert.match(differenceOf('{"b":2,"a":1}', '[["a",1],["b",2]]') ?? '', /the member b where a belongs/);
    assert.match(differenceOf('{"a":1}', '[["a",1],["b",2]]') ?? '', /the member undefined where b belongs/);
    assert.match(differenceOf('{"a":{"b":[1,2]}}', '[["a",{"group":[["b",[1,3]]]}]]') ?? '', /^\.a\.b\[1\]: /);
  });
});

test('JSON is read as it stands', () => {
  assert.deepEqual(parseExact(' {"a" : [ -1.50e3 , true,null ,"\\u00e9"],"a":{} } '), {
    kind: 'object',
    members: [
      [
        'a',
        {
          kind: 'array',
          elements: [
            { kind: 'number', digits: '-1.50e3' },
            { kind: 'boolean', value: true },
            { kind: 'null' },
            { kind: 'string', value: 'é' },
          ],
        },
      ],
      ['a', { kind: 'object', members: [] }],
    ],
  });
  assert.throws(() => parseExact('{"a":1,}'));
});
