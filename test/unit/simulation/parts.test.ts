import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, updated } from '../../simulation/models/expression.ts';
import { shrink } from '../../simulation/shrink.ts';
import { createTimeline } from '../../simulation/timeline.ts';

test('what is planned happens in the order of time, at the same time in the order of planning, unless it is withdrawn', () => {
  const timeline = createTimeline();
  const happened: string[] = [];
  const plan = (atMs: number, name: string) => timeline.add(atMs, undefined, () => happened.push(name));
  plan(30, 'third');
  plan(10, 'first');
  const withdraw = plan(20, 'never');
  plan(10, 'second');
  plan(40, 'later');
  withdraw();
  for (let next = timeline.next(30); next; next = timeline.next(30)) next.act();
  assert.deepEqual(happened, ['first', 'second', 'third']);
});

test('what is put back happens later, and can still be withdrawn', () => {
  const timeline = createTimeline();
  const withdraw = timeline.add(10, undefined, () => {});
  const first = timeline.next(10);
  assert.ok(first);
  timeline.defer(first, 50);
  assert.equal(timeline.next(49), undefined);
  withdraw();
  assert.equal(timeline.next(50), undefined);
});

test('shrinking keeps what it takes to fail, and nothing else', async () => {
  const items = Array.from({ length: 40 }, (_, at) => at);
  const left = await shrink(items, async (some) => some.includes(7) && some.includes(33), 500);
  assert.deepEqual(left, [7, 33]);
});

test('shrinking ends after so many trials, with something that fails', async () => {
  const items = Array.from({ length: 40 }, (_, at) => at);
  const left = await shrink(items, async (some) => some.includes(7), 3);
  assert.ok(left.includes(7) && left.length < items.length);
});

test('a model guesses at nothing that it does not know', () => {
  const names = { names: {}, values: { ':a': { N: '1' } } };
  assert.throws(() => updated({}, 'DELETE a :a', names), /does not know the clause/);
  assert.throws(() => updated({}, 'SET a = :b', names), /no value :b/);
  assert.throws(() => updated({}, 'SET #a = :a', names), /no name #a/);
  assert.throws(() => holds({}, 'begins_with(a, :a)', names));
});
