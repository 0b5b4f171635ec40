import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isText } from '../../../../service/object/text/is-text.ts';
import { shapeOf } from '../../../../service/object/text/shape.ts';

/** A text, and what it is: as it stands, and (third) when more may follow. */
const SHAPES: readonly (readonly [string, string, string?])[] = [
  ['', 'ndjson'],
  [' \n\t', 'ndjson'],
  ['plain text', 'ndjson'],
  ['{"a":1}', 'ndjson', 'undefined'],
  ['{"a":1}\n', 'ndjson'],
  ['\ufeff{"a":1}\n', 'ndjson'],
  ['{"a":1}  \n{"b":2}{"c":3}', 'ndjson'],
  ['{"a":1} text', 'ndjson'],
  ['{"a":"cut off', 'ndjson', 'undefined'],
  ['{broken}\n{"a":1}', 'ndjson'],
  ['{"a":\n', 'json-objects'],
  ['{"broken":\n{"a":1}\n{"b":2}', 'ndjson'],
  ['{"a":1}{"b":2}', 'json-objects'],
  ['{"a":1} \t{', 'json-objects'],
  ['{"a":1} [', 'json-objects'],
  ['{broken}{"a":1}', 'json-objects'],
  ['{\n "a": 1\n}\n', 'json-objects'],
  ['{\r\n "a": 1\r\n', 'json-objects'],
  ['[]', 'json-array'],
  [' \ufeff[ ]', 'ndjson'],
  ['\ufeff[ ]', 'json-array'],
  ['[{"a":1},', 'json-array'],
  ['[{"a":1}]\n[{"b":2}]', 'json-array'],
  ['[{"a":1}]{"b":2}', 'json-array'],
  ['[INFO] text', 'ndjson'],
  ['[12] text', 'ndjson'],
  ['[2026-01-01 00:00:00] INFO\n{"a":1}', 'ndjson'],
  ['["a"] text\n', 'ndjson'],
  ['{"a":1}\r{"b":2}\r', 'ndjson-cr'],
  ['text\r{"b":2}', 'ndjson-cr'],
  ['{"a":1}\r\n{"b":2}\r\n', 'ndjson'],
  ['{"Records":[{"eventVersion":"1","eventTime":"t"}]}', 'cloudtrail'],
  ['{ "Records" : [ {"eventTime":"t","eventVersion":"1","cut', 'cloudtrail'],
  ['{"Records":[{"eventVersion":"1","cut', 'ndjson', 'undefined'],
  ['{"Records":[', 'ndjson', 'undefined'],
  ['{"Records":[{"eventVersion":"1"},{"eventTime":"t"}]}\n', 'ndjson'],
  ['{"Records":[{"a":1}],"message":"m"}\n', 'ndjson'],
  ['{"Records":["eventVersion","eventTime"]}\n', 'ndjson'],
  ['{"Records":{"eventVersion":"1","eventTime":"t"}}\n', 'ndjson'],
  ['{"messageType":"DATA_MESSAGE","logEvents":[', 'cloudwatch-logs'],
  ['{"owner":"1","messageType":"CONTROL_MESSAGE","logEvents":[]}', 'cloudwatch-logs'],
  ['{"logEvents":[{"message":"m"}]}\n', 'ndjson'],
  ['{"a":{"messageType":"","logEvents":[]}}\n', 'ndjson'],
];

suite('the shape of a text', () => {
  for (const [text, shape, more = shape] of SHAPES) {
    test(`${JSON.stringify(text.slice(0, 60))} is ${shape}`, () => {
      assert.equal(shapeOf(Buffer.from(text), true), shape);
      assert.equal(String(shapeOf(Buffer.from(text), false)), more);
    });
  }
});

suite('text and what is none', () => {
  for (const [bytes, expected] of [
    [Buffer.from(''), true],
    [Buffer.from('plain\ntext\r\n\twith \u001b[31mcolours\u001b[0m and a notifier \u0007\n'), true],
    [Buffer.from('Stra\xdfe\ncaf\xe9\n', 'latin1'), true],
    [Buffer.from('日本語\n'), true],
    [Buffer.from(`\u0000\u0000\u0000first\nsecond\nthird\n`), true],
    [Buffer.from('\u0001\n\n\n\n'), false],
    [Buffer.from('a\u0000\nb\u0000\nc\n'), false],
    [Buffer.alloc(100), false],
  ] as const) {
    test(`${JSON.stringify(bytes.toString('latin1'))} is ${expected ? 'text' : 'none'}`, () => {
      assert.equal(isText(bytes), expected);
    });
  }
});
