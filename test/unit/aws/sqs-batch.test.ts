import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchesOf } from '../../../service/aws/sqs-batch.ts';

test('batches hold ten entries at most, all of them, in their order', () => {
  const entries = Array.from({ length: 25 }, (_, at) => String(at));
  const batches = [...batchesOf(entries)];
  assert.deepEqual(
    batches.map(({ length }) => length),
    [10, 10, 5],
  );
  assert.deepEqual(batches.flat(), entries);
  assert.deepEqual([...batchesOf([])], []);
});

test('large bodies make smaller batches, by their bytes; one that is too large goes alone', () => {
  const bodies = ['é'.repeat(60_000), 'é'.repeat(60_000), 'x', 'x'.repeat(900_000), 'x'];
  const batches = [...batchesOf(bodies, (body) => body)];
  assert.deepEqual(
    batches.map((batch) => batch.map(({ length }) => length)),
    [[60_000], [60_000, 1], [900_000], [1]],
  );
});
