import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createJsonScanner, type JsonScanner } from '../../../../service/object/text/json-scanner.ts';
import { space, text } from '../../../support/lines.ts';
import { holds } from '../../../support/property.ts';

const container = fc.oneof(
  fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }),
  fc.dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 }),
);
/** JSON as no serializer writes it: white space anywhere, numbers and escapes of every form. */
const json = fc
  .tuple(container, space, fc.constantFrom('1', '-0', '1.5', '10.00', '1e5', '1E-05', '0.1e+7', '"\\u00e9\\/"', 'null'))
  .map(([value, gap, odd]) => {
    const written = JSON.stringify(value, null, gap === '' ? 0 : 1).replaceAll('null', odd);
    return written.replaceAll('\n', gap === '  \r' ? '\r\n' : '\n');
  });
/** A character changed, taken out or put in. */
const broken = fc
  .tuple(
    json,
    fc.nat(),
    fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 't', '\u0001', '\n'),
    fc.boolean(),
  )
  .map(([whole, at, put, replace]) => {
    const place = 1 + (at % Math.max(1, whole.length - 1));
    return whole.slice(0, place) + put + whole.slice(place + (replace ? 1 : 0));
  });

/** Scans in pieces of a size. @returns the state, and where the scan stopped */
function scanAll(scanner: JsonScanner, bytes: Buffer, pieceBytes: number): { state: string; at: number } {
  scanner.begin();
  let at = 0;
  while (at < bytes.length) {
    at = scanner.scan(bytes, at, Math.min(bytes.length, at + pieceBytes));
    if (scanner.state !== 'open') break;
  }
  return { state: scanner.state, at };
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

suite('the scanner of JSON', () => {
  test('finds the end of what JSON.parse takes, whatever stands behind it', () =>
    holds(
      fc.property(json, text, fc.constantFrom(1, 3, 1_000), (value, behind, pieceBytes) => {
        const scanner = createJsonScanner();
        const found = scanAll(scanner, Buffer.from(value + behind), pieceBytes);
        assert.deepEqual(found, { state: 'whole', at: Buffer.byteLength(value) });
      }),
      2_000,
    ));

  test('calls whole what JSON.parse takes, and nothing else', () =>
    holds(
      fc.property(broken, fc.constantFrom(1, 3, 1_000), (value, pieceBytes) => {
        const bytes = Buffer.from(value.trimEnd());
        const { state, at } = scanAll(createJsonScanner(), bytes, pieceBytes);
        assert.equal(state === 'whole' && at === bytes.length, isJson(value), value);
        // What is whole before the end is JSON as well, and what is open may still become it: no shorter part of it was whole.
        if (state === 'whole') assert.ok(isJson(bytes.subarray(0, at).toString()));
        if (state === 'broken') assert.ok(!isJson(bytes.subarray(0, at + 1).toString()));
      }),
      5_000,
    ));

  test('every number and word of JSON, and those that nearly are', () => {
    const parts = [
      '',
      '-',
      '0',
      '1',
      '12',
      '.',
      '.5',
      'e',
      'e5',
      'E+1',
      'e-',
      '+',
      'true',
      'nul',
      'null',
      'false',
      'x',
    ];
    for (const a of parts) {
      for (const b of parts) {
        for (const c of parts) {
          const value = `[${a}${b}${c}]`;
          const { state, at } = scanAll(createJsonScanner(), Buffer.from(value), 1);
          assert.equal(state === 'whole' && at === value.length, isJson(value), value);
        }
      }
    }
  });

  test('nests without measure', () => {
    const depth = 100_000;
    const mixed = `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`;
    assert.deepEqual(scanAll(createJsonScanner(), Buffer.from(mixed), 1_000), { state: 'whole', at: mixed.length });
    assert.equal(scanAll(createJsonScanner(), Buffer.from(mixed.replace('}]', ']}')), 1_000).state, 'broken');
  });

  test('stops at the array of the member that is asked for, and goes on behind it', () => {
    const value = '{"a":{"events":[1]},"events": {}, "events" :[{"events":[2]}], "b":["events"]}';
    for (const pieceBytes of [1, 5, 1_000]) {
      const scanner = createJsonScanner('events');
      const found = scanAll(scanner, Buffer.from(value), pieceBytes);
      assert.deepEqual(found, { state: 'door', at: value.indexOf('[{"events"') + 1 });
      scanner.beginBehindMember();
      const behind = value.indexOf(', "b"');
      assert.equal(scanner.scan(Buffer.from(value), behind, value.length), value.length);
      assert.equal(scanner.state, 'whole');
    }
    for (const other of [
      '{"event":[1]}',
      '{"eventss":[1]}',
      '{"\\u0065vents":[1]}',
      '{"events\\u0000":[1]}',
      '[["events",[1]]]',
      `{"${'x'.repeat(70)}events":[]}`,
    ]) {
      assert.equal(scanAll(createJsonScanner('events'), Buffer.from(other), 1_000).state, 'whole', other);
    }
  });
});
