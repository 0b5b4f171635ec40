import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitWidthOf, oneRunOf, readHybrid } from '../../../../service/object/parquet/levels.ts';
import { holds } from '../../../support/property.ts';

/** The header of a run: a number in groups of seven bits, the lowest first. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

const run = (length: number, value: number) => [...varint(length << 1), value];

test('what is one run is told without being read, and nothing else is taken for that', () => {
  const told = (bytes: readonly number[], count: number, width = 2) =>
    oneRunOf(Uint8Array.from(bytes), 0, width, count);
  assert.equal(told(run(5, 2), 5), 2);
  assert.equal(told(run(70_000, 1), 70_000), 1);
  assert.equal(told(run(6, 2), 5), 2, 'longer than it need be');
  assert.equal(told([...varint(5 << 1), 0x01, 0x02], 5, 16), 0x201, 'in as many bytes as its width takes');
  assert.equal(told(varint(5 << 1), 5, 0), 0, 'in none, where there is but one value');
  assert.equal(oneRunOf(Uint8Array.from([9, ...run(5, 2)]), 1, 2, 5), 2, 'behind other bytes');
  assert.equal(told([...run(4, 2), ...run(1, 2)], 5), undefined, 'shorter');
  assert.equal(told(varint(5 << 1), 5), undefined, 'cut off behind its header');
  assert.equal(told([...varint(5 << 1), 0x01], 5, 16), undefined, 'cut off in its value');
  assert.equal(told([0x80], 5), undefined, 'cut off in its header');
  assert.equal(told([...varint(5 << 1), 0, 0, 0, 0, 0], 5, 33), undefined, 'wider than an index can be');
  assert.equal(told([(1 << 1) | 1, 0xff], 1), undefined, 'packed');
  assert.equal(told([], 5), undefined, 'empty');
});

test('whatever is told to be one run reads as that', () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 })), { maxLength: 3 });
  holds(
    fc.property(runs, fc.integer({ min: 1, max: 12 }), (parts, count) => {
      const bytes = Uint8Array.from(parts.flatMap(([length, value]) => run(length, value)));
      const total = parts.reduce((sum, [length]) => sum + length, 0);
      const told = oneRunOf(bytes, 0, bitWidthOf(3), count);
      if (total < count) return assert.equal(told, undefined);
      const levels = new Uint8Array(count);
      readHybrid(bytes, 0, bytes.length, bitWidthOf(3), levels, count);
      const first = parts[0]?.[0] ?? 0;
      assert.equal(told, first >= count ? levels[0] : undefined);
      if (told !== undefined) assert.ok(levels.every((level) => level === told));
    }),
  );
});
