import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReception } from '../../../../service/run/queue/reception.ts';

function setUp() {
  const now = { ms: 1_000_000 };
  const reception = createReception(() => now.ms);
  const state = () => reception.look().state;
  return { now, reception, state };
}

test('a service receives once a receive was answered, and as long as they are', () => {
  const { now, reception, state } = setUp();
  assert.equal(state(), 'starting');
  const first = reception.begin();
  now.ms += 20_000;
  assert.equal(state(), 'starting');
  first.succeeded();
  assert.equal(state(), 'receiving');
  reception.begin();
  now.ms += 20_000;
  assert.equal(state(), 'receiving', 'a long poll takes 20 s');
});

test('from the first failure to the next success it does not receive, and says since when and why', () => {
  const { now, reception } = setUp();
  reception.begin().succeeded();
  now.ms += 5_000;
  const failing = reception.begin();
  now.ms += 300;
  failing.failed('The queue cannot be read.');
  assert.deepEqual(reception.look(), { state: 'failing', sinceMs: 1_005_000, message: 'The queue cannot be read.' });
  now.ms += 10_000;
  reception.begin().failed('It still cannot be read.');
  assert.deepEqual(reception.look(), { state: 'failing', sinceMs: 1_005_000, message: 'It still cannot be read.' });
  reception.begin().succeeded();
  assert.equal(reception.look().state, 'receiving');
});

test('a queue that takes longer than any long poll does not answer, and others that were answered meanwhile disprove it', () => {
  const { now, reception, state } = setUp();
  reception.begin().succeeded();
  const [silent, other] = [reception.begin(), reception.begin()];
  now.ms += 25_001;
  assert.deepEqual(reception.look(), { state: 'failing', sinceMs: 1_000_000, message: 'The queue does not answer.' });
  other.succeeded();
  assert.equal(state(), 'receiving');
  now.ms += 25_001;
  assert.equal(state(), 'failing');
  silent.succeeded();
  assert.equal(state(), 'receiving');
});

test('without a receive for a while there is no room for more', () => {
  const { now, reception, state } = setUp();
  reception.begin().succeeded();
  now.ms += 10_000;
  assert.equal(state(), 'receiving', 'between two receives there may be none for a moment');
  now.ms += 1;
  assert.deepEqual(reception.look(), { state: 'full', sinceMs: 1_000_000, message: '' });
  reception.begin();
  assert.equal(state(), 'receiving');
});
