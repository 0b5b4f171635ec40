import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerTimes } from '../../../service/delivery/answer-times.ts';

test('what nobody has measured, and what answers fast, is overdue after 300 ms', () => {
  const times = createAnswerTimes();
  assert.equal(times.overdueMs('logs/1/eu'), 300);
  for (let n = 0; n < 20; n++) times.add('logs/1/eu', 20);
  assert.equal(times.overdueMs('logs/1/eu'), 300);
});

test('a slow destination is given as long as it usually takes, and four times what that varies by', () => {
  const times = createAnswerTimes();
  times.add('logs/1/eu', 200);
  assert.equal(times.overdueMs('logs/1/eu'), 200 + 4 * 100);
  for (let n = 0; n < 100; n++) times.add('logs/1/eu', 200);
  assert.equal(Math.round(times.overdueMs('logs/1/eu')), 300);
  assert.equal(times.overdueMs('logs/2/eu'), 300, 'others are not');
});

test('nothing is given more than a second', () => {
  const times = createAnswerTimes();
  for (let n = 0; n < 20; n++) times.add('logs/1/eu', 20_000);
  assert.equal(times.overdueMs('logs/1/eu'), 1_000);
});
