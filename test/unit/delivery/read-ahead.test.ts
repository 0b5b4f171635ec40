import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAhead } from '../../../service/delivery/read-ahead.ts';
import { until } from '../../support/until.ts';

/** Numbers from 1, with a record of what was begun, and of whether it was told to end. */
function producer(count: number, failAt = 0) {
  const log: string[] = [];
  const items = (async function* () {
    try {
      for (let n = 1; n <= count; n++) {
        log.push(`make ${n}`);
        if (n === failAt) throw new Error(`no ${n}`);
        yield n;
      }
    } finally {
      log.push('end');
    }
  })();
  return { items, log };
}

test('all items come, in their order, and the producer ends', async () => {
  const { items, log } = producer(3);
  assert.deepEqual(await Array.fromAsync(readAhead(items)), [1, 2, 3]);
  assert.equal(log.at(-1), 'end');
});

test('no items are no items', async () => {
  assert.deepEqual(await Array.fromAsync(readAhead(producer(0).items)), []);
});

test('the next item is made while one is used, and no further one', async () => {
  const { items, log } = producer(5);
  const ahead = readAhead(items);
  assert.equal((await ahead.next()).value, 1);
  await until(() => log.length === 2);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ['make 1', 'make 2']);
  assert.equal((await ahead.next()).value, 2);
  await until(() => log.length === 3);
  await ahead.return();
});

test('a failure comes when its turn does, after the items before it', async () => {
  const { items } = producer(5, 3);
  const seen: number[] = [];
  await assert.rejects(
    async () => {
      for await (const item of readAhead(items)) {
        seen.push(item);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    { message: 'no 3' },
  );
  assert.deepEqual(seen, [1, 2]);
});

test('a consumer that leaves ends the producer, and a failure ahead of it fails nobody', async () => {
  const { items, log } = producer(5, 2);
  for await (const item of readAhead(items)) {
    assert.equal(item, 1);
    break;
  }
  assert.deepEqual(log, ['make 1', 'make 2', 'end']);
});

test('a consumer that fails ends the producer before its own error goes on', async () => {
  const { items, log } = producer(5);
  await assert.rejects(
    async () => {
      for await (const item of readAhead(items)) throw new Error(`cannot use ${item}`);
    },
    { message: 'cannot use 1' },
  );
  assert.equal(log.at(-1), 'end');
});
