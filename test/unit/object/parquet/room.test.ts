import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import { createRoom } from '../../../../service/object/parquet/room.ts';

const MEGABYTE = 1024 * 1024;

function problemOf(step: () => void): DistributorError {
  try {
    step();
  } catch (error) {
    assert.ok(error instanceof DistributorError);
    return error;
  }
  throw new Error('it was admitted');
}

test('any object may hold a little, however small it is', () => {
  const room = createRoom({ grantedBytes: 0, mostBytes: 0 });
  room.open().hold(10 * MEGABYTE, 'a dictionary');
  room.open().hold(6 * MEGABYTE, 'another');
  assert.equal(problemOf(() => room.open().hold(1, 'a third')).code, 'object-too-large');
});

test('what was given back may be held again', () => {
  const room = createRoom({ grantedBytes: 0, mostBytes: 0 });
  for (let round = 0; round < 3; round++) {
    using holding = room.open();
    holding.hold(16 * MEGABYTE, 'a dictionary');
    holding.hold(8 * MEGABYTE, 'a smaller one in its place');
    room.open().hold(0, 'nothing');
  }
});

test('more than was admitted says what the whole object needs, and changes nothing', () => {
  const room = createRoom({ grantedBytes: 80 * MEGABYTE, mostBytes: 192 * MEGABYTE });
  using chunks = room.open();
  chunks.hold(40 * MEGABYTE, 'chunks');
  using dictionary = room.open();
  const { code, neededBytes, message } = problemOf(() => dictionary.hold(60 * MEGABYTE, 'a dictionary'));
  assert.equal(code, 'memory-short');
  assert.ok(neededBytes !== undefined && neededBytes > 100 * MEGABYTE && neededBytes <= 192 * MEGABYTE, message);
  dictionary.hold(56 * MEGABYTE, 'a smaller one');
});

test('what it says that it needs is enough', () => {
  const step = (grantedBytes: number) => {
    const room = createRoom({ grantedBytes, mostBytes: 192 * MEGABYTE });
    room.open().hold(40 * MEGABYTE, 'chunks');
    room.open().hold(150 * MEGABYTE, 'a dictionary');
  };
  step(problemOf(() => step(80 * MEGABYTE)).neededBytes ?? 0);
});

test('more than any object is admitted for is refused, with what it is and how large', () => {
  const room = createRoom({ grantedBytes: 80 * MEGABYTE, mostBytes: 192 * MEGABYTE });
  const { code, message } = problemOf(() => room.open().hold(300 * MEGABYTE, 'a dictionary'));
  assert.equal(code, 'object-too-large');
  assert.equal(
    message,
    'a dictionary takes 314572800 bytes of memory, and the object 314572800 with what it holds already: MEMORY_BUDGET_MB allows 201326592 for one object',
  );
});
