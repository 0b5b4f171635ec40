import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitWidthOf, isOneRun, readHybrid } from '../../../../service/object/parquet/levels.ts';
import { holds } from '../../../support/property.ts';

/** The header of a run: a number in groups of seven bits, the lowest first. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

const run = (length: number, value: number) => [...varint(length << 1), value];

test('levels that are one run are told without being read, and nothing else is taken for that', () => {
  assert.ok(isOneRun(Uint8Array.from(run(5, 2)), 2, 5));
  assert.ok(isOneRun(Uint8Array.from(run(70_000, 1)), 1, 70_000));
  assert.ok(isOneRun(Uint8Array.from(run(6, 2)), 2, 5), 'longer than it need be');
  assert.ok(!isOneRun(Uint8Array.from(run(5, 1)), 2, 5), 'of another level');
  assert.ok(!isOneRun(Uint8Array.from([...run(4, 2), ...run(1, 1)]), 2, 5), 'shorter');
  assert.ok(!isOneRun(Uint8Array.from(varint(5 << 1)), 2, 5), 'cut off behind its header');
  assert.ok(!isOneRun(Uint8Array.from([0x80]), 2, 5), 'cut off in its header');
  assert.ok(!isOneRun(Uint8Array.from([(1 << 1) | 1, 0xff]), 1, 5), 'packed');
  assert.ok(!isOneRun(new Uint8Array(0), 2, 5), 'empty');
});

test('whatever is told to be one run reads as that', () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })), { maxLength: 3 });
  holds(
    fc.property(runs, fc.integer({ min: 1, max: 12 }), (parts, count) => {
      const bytes = Uint8Array.from(parts.flatMap(([length, value]) => run(length, value)));
      const total = parts.reduce((sum, [length]) => sum + length, 0);
      if (total < count) return assert.ok(!isOneRun(bytes, 3, count));
      const levels = new Uint8Array(count);
      readHybrid(bytes, 0, bytes.length, bitWidthOf(3), levels, count);
      const first = parts[0]?.[0] ?? 0;
      assert.equal(isOneRun(bytes, 3, count), first >= count && levels.every((level) => level === 3));
    }),
  );
});
