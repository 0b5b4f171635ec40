import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lruSet } from '../../../service/base/lru.ts';

test('the entry that was not set for longest goes, and only when there are too many', () => {
  const map = new Map<string, number>();
  assert.equal(lruSet(map, 'a', 1, 2), undefined);
  assert.equal(lruSet(map, 'b', 2, 2), undefined);
  assert.equal(lruSet(map, 'a', 3, 2), undefined);
  assert.equal(lruSet(map, 'c', 4, 2), 'b');
  assert.deepEqual(
    [...map],
    [
      ['a', 3],
      ['c', 4],
    ],
  );
});
