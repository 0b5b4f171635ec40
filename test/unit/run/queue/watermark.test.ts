import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWatermark } from '../../../../service/run/queue/watermark.ts';

const NOON_MS = Date.UTC(2026, 0, 31, 12);
const SECOND = 1_000;
const sent = (agoMs: number, receiveCount = 1, failures = 0) => ({
  receiveCount,
  sentMs: NOON_MS - agoMs,
  isSentAnew: failures > 0,
});

function setUp() {
  const now = { ms: NOON_MS };
  return { now, watermark: createWatermark(() => now.ms) };
}

test('nothing is known of a queue that nobody has read', () => {
  assert.equal(setUp().watermark.ms, undefined);
});

test('a receive that came back empty says that nothing waits that was sent before it began', () => {
  const { watermark, now } = setUp();
  now.ms += 2 * SECOND;
  watermark.received([], NOON_MS);
  assert.equal(watermark.ms, NOON_MS);
});

test('one that has waited says so of what was sent five seconds before it ended', () => {
  const { watermark, now } = setUp();
  now.ms += 20 * SECOND;
  watermark.received([], NOON_MS);
  assert.equal(watermark.ms, NOON_MS + 15 * SECOND);
});

test('one whose answer is read late, by a process that was halted, says nothing of what was sent after it ended', () => {
  const { watermark, now } = setUp();
  now.ms += 32 * SECOND;
  watermark.received([], NOON_MS);
  assert.equal(watermark.ms, NOON_MS + 15 * SECOND);
});

test('while messages come, the queue is read about up to the oldest of the last minute', () => {
  const { watermark, now } = setUp();
  watermark.received([sent(300 * SECOND), sent(310 * SECOND)], NOON_MS);
  assert.equal(watermark.ms, NOON_MS - 310 * SECOND);
  now.ms += 30 * SECOND;
  watermark.received([sent(200 * SECOND)], now.ms);
  assert.equal(watermark.ms, NOON_MS - 310 * SECOND, 'the older ones are of the last minute still');
  now.ms += 31 * SECOND;
  assert.equal(watermark.ms, NOON_MS - 200 * SECOND);
});

test('an empty receive ends the memory of a backlog at once', () => {
  const { watermark } = setUp();
  watermark.received([sent(3_600 * SECOND)], NOON_MS);
  watermark.received([], NOON_MS);
  assert.equal(watermark.ms, NOON_MS);
});

test('an empty receive that began before the messages of another says nothing that is not known already', () => {
  const { watermark } = setUp();
  watermark.received([sent(3 * SECOND)], NOON_MS);
  watermark.received([], NOON_MS - 20 * SECOND);
  assert.equal(watermark.ms, NOON_MS - 3 * SECOND);
});

test('a message that came before, or was sent anew, says nothing of what waits', () => {
  const { watermark } = setUp();
  watermark.received([], NOON_MS);
  watermark.received([sent(600 * SECOND, 2), sent(600 * SECOND, 1, 3)], NOON_MS);
  assert.equal(watermark.ms, NOON_MS);
});

test('an older message than anybody expected takes the watermark back', () => {
  const { watermark } = setUp();
  watermark.received([], NOON_MS);
  watermark.received([sent(600 * SECOND)], NOON_MS);
  assert.equal(watermark.ms, NOON_MS - 600 * SECOND);
});

test('the watermark stays where it is while the queue is not read', () => {
  const { watermark, now } = setUp();
  watermark.received([sent(10 * SECOND)], NOON_MS);
  now.ms += 3_600 * SECOND;
  assert.equal(watermark.ms, NOON_MS - 10 * SECOND);
});

test('a queue in which SQS counts nothing was empty a minute ago, and other counts say nothing', () => {
  const { watermark } = setUp();
  watermark.counted(3, NOON_MS);
  assert.equal(watermark.ms, undefined);
  watermark.counted(0, NOON_MS);
  assert.equal(watermark.ms, NOON_MS - 60 * SECOND);
  watermark.received([], NOON_MS - 2 * SECOND);
  watermark.counted(0, NOON_MS);
  assert.equal(watermark.ms, NOON_MS - 2 * SECOND, 'what is known better stays');
});

test('a message that was sent anew and waited out its delay says nothing of what waits behind it', () => {
  const { watermark } = setUp();
  watermark.received([sent(10 * SECOND), { ...sent(900 * SECOND), isSentAnew: true }], NOON_MS);
  assert.equal(watermark.ms, NOON_MS - 10 * SECOND);
});
