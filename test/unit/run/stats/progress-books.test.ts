import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressBooks } from '../../../../service/run/stats/progress-books.ts';
import { countsOf } from '../../../support/counts.ts';

const NOTHING = { delivered: 0, rejected: 0, quarantined: 0 };

test('what was delivered to its end is there once, for each delivery of a tenant', () => {
  const books = createProgressBooks();
  const counts = countsOf({ read: 6, delivered: 3, rejected: 2, quarantined: 1 });
  const done = { kind: 'done' as const, counts };
  books.ended('acme', {
    lines: [
      { type: 'cloudwatch', ...done },
      { type: 's3', ...done },
    ],
  });
  books.ended('acme', { lines: [{ type: 'cloudwatch', ...done }] });
  books.ended('globex', { lines: [{ type: 'cloudwatch', ...done }] });
  assert.deepEqual(books.take('acme', 'cloudwatch'), { delivered: 6, rejected: 4, quarantined: 2 });
  assert.deepEqual(books.take('acme', 'cloudwatch'), NOTHING);
  assert.deepEqual(books.take('acme', 's3'), { delivered: 3, rejected: 2, quarantined: 1 });
});

test('what failed, or was done before, does not count', () => {
  const books = createProgressBooks();
  const counts = countsOf({ read: 1, delivered: 1 });
  for (const kind of ['failed', 'duplicate', 'skipped', 'held'] as const) {
    books.ended('acme', { lines: [{ type: 'cloudwatch', kind, counts }] });
  }
  assert.deepEqual(books.take('acme', 'cloudwatch'), NOTHING);
});

test('what could not be told is told with the next', () => {
  const books = createProgressBooks();
  const line = { type: 'cloudwatch', kind: 'done' as const, counts: countsOf({ read: 1, delivered: 1 }) };
  books.ended('acme', { lines: [line] });
  const taken = books.take('acme', 'cloudwatch');
  books.ended('acme', { lines: [line] });
  books.giveBack('acme', 'cloudwatch', taken);
  assert.equal(books.take('acme', 'cloudwatch').delivered, 2);
});
