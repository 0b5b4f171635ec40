import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import {
  addBooks,
  BOOKS_BYTES_MAX,
  type Books,
  CELLS_MAX,
  type Cell,
  decodeBooks,
  encodeBooks,
  keyOf,
  NO_BOOKS,
} from '../../../service/core/books.ts';
import { digestOf } from '../../../service/core/digest.ts';
import { holds } from '../../support/property.ts';

const digest = (text: string) => digestOf(Buffer.from(text), 1);
const cell = (more: Partial<Cell> = {}): Cell => ({
  group: '/acme/pods',
  stream: 'c1-prod-2026-11-30',
  hour: 499_000,
  events: 1,
  bytes: 5,
  digest: digest('hello'),
  ...more,
});
const books = (...cells: Cell[]): Books => ({ cells, covered: true });
const cells = (count: number, more: (at: number) => Partial<Cell> = () => ({})) =>
  Array.from({ length: count }, (_, at) => cell({ hour: at, digest: digest(String(at)), ...more(at) }));
const sorted = ({ cells, covered }: Books) => ({
  covered,
  cells: cells.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
});

test('cells of one stream and hour become one, and others stay apart', () => {
  const sum = addBooks(
    books(cell()),
    books(cell({ events: 2, bytes: 7 }), cell({ hour: 499_001 }), cell({ stream: 's' })),
  );
  const both = digest('hello');
  assert.deepEqual(sum.cells, [
    cell({
      events: 3,
      bytes: 12,
      digest: { lo: BigInt.asUintN(64, both.lo * 2n), hi: BigInt.asUintN(64, both.hi * 2n) },
    }),
    cell({ hour: 499_001 }),
    cell({ stream: 's' }),
  ]);
});

const anyBooks = fc
  .array(fc.tuple(fc.constantFrom('/a', '/b'), fc.constantFrom('s', 't'), fc.nat(2), fc.string({ maxLength: 9 })), {
    maxLength: 8,
  })
  .map((rows) =>
    rows
      .map(([group, stream, hour, text]) =>
        books(cell({ group, stream, hour, bytes: text.length, digest: digest(text) })),
      )
      .reduce(addBooks, NO_BOOKS),
  );

test('books add up to the same in any order, and are what they were after they were written and read', () =>
  holds(
    fc.property(anyBooks, anyBooks, anyBooks, (a, b, c) => {
      assert.deepEqual(sorted(addBooks(a, b)), sorted(addBooks(b, a)));
      assert.deepEqual(sorted(addBooks(addBooks(a, b), c)), sorted(addBooks(a, addBooks(b, c))));
      assert.deepEqual(addBooks(a, NO_BOOKS), a);
      assert.deepEqual(decodeBooks(encodeBooks(a)), a);
    }),
  ));

test('books beyond the limit of cells cover nothing from then on, and say so', () => {
  const full = books(...cells(CELLS_MAX));
  assert.equal(addBooks(full, books(cell({ hour: 0 }))).covered, true);
  const beyond = addBooks(full, books(cell({ hour: CELLS_MAX })));
  assert.deepEqual(beyond, { cells: [], covered: false });
  assert.deepEqual(addBooks(beyond, books(cell())), beyond);
  assert.deepEqual(addBooks(books(cell()), beyond), beyond);
  assert.deepEqual(decodeBooks(encodeBooks(beyond)), beyond);
});

test('as many cells as there may be fit the item, with usual names; one takes some 100 bytes', () => {
  assert.deepEqual(decodeBooks(encodeBooks(books(...cells(CELLS_MAX)))).cells.length, CELLS_MAX);
  assert.ok(encodeBooks(books(cell())).length < 150);
});

test('books whose names take too much room are written as not covered', () => {
  const names = (at: number) => ({
    group: digest(`g${at}`).hi.toString(16).repeat(32).slice(0, 512),
    stream: `${digest(`s${at}`).lo}`.repeat(25),
  });
  const text = (at: number) => Array.from({ length: 12 }, (_, n) => digest(`${at}/${n}`).lo.toString(36)).join('');
  const unlike = books(...cells(CELLS_MAX, (at) => ({ group: text(at), stream: text(-at) })));
  const encoded = encodeBooks(unlike);
  assert.ok(encoded.length <= BOOKS_BYTES_MAX);
  assert.deepEqual(decodeBooks(encoded), { cells: [], covered: false });
  const longest = encodeBooks(books(...cells(CELLS_MAX, names)));
  assert.ok(longest.length <= BOOKS_BYTES_MAX);
});

test('bytes that are no books cover nothing, whatever they are', () => {
  const encoded = (value: unknown) => deflateRawSync(JSON.stringify(value));
  const right = { digest: 1, covered: true, cells: [['/a', 's', 1, 2, 3, '0'.repeat(32)]] };
  assert.equal(decodeBooks(encoded(right)).covered, true);
  const wrong = [
    Buffer.from('no deflate'),
    encoded('text'),
    encoded({ ...right, digest: 2 }),
    encoded({ ...right, cells: [['/a', 's', 1, -2, 3, '0'.repeat(32)]] }),
    encoded({ ...right, cells: [['/a', 's', 1.5, 2, 3, '0'.repeat(32)]] }),
    encoded({ ...right, cells: [['/a', 's', 1, 2, 3, 'x'.repeat(32)]] }),
    encoded({ ...right, cells: Array.from({ length: CELLS_MAX + 1 }, () => right.cells[0]) }),
    deflateRawSync(Buffer.alloc(64 * 1024 * 1024)),
  ];
  for (const bytes of wrong) assert.deepEqual(decodeBooks(bytes), { cells: [], covered: false });
});
