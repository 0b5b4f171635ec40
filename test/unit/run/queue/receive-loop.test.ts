import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { QueueMessage } from '../../../../service/aws/queue.ts';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { NO_HISTORY } from '../../../../service/core/history.ts';
import { createNotifier } from '../../../../service/run/queue/notifier.ts';
import { createReceiveLoop } from '../../../../service/run/queue/receive-loop.ts';
import { createReception } from '../../../../service/run/queue/reception.ts';
import { awsError } from '../../../support/aws-error.ts';
import { createTestLogger } from '../../../support/logger.ts';
import { until } from '../../../support/until.ts';

const message = (id: string): QueueMessage => ({
  id,
  receipt: `r-${id}`,
  body: '{}',
  receiveCount: 1,
  sentMs: 0,
  history: NO_HISTORY,
});

/** A loop over a queue that answers what the test has prepared, and then polls until it is told to stop. */
function setUp(t: TestContext, answers: (QueueMessage[] | Error)[] = [], room = 5, receivers = 1) {
  const asked: (readonly [countMax: number, visibilitySeconds: number])[] = [];
  const taken: string[] = [];
  const ends: string[] = [];
  const read: (readonly [messages: number, askedMs: number, taken: number])[] = [];
  const state = { room, now: 1_000 };
  const notifier = createNotifier();
  const metrics = createMetrics();
  const { logger, lines } = createTestLogger();
  const loop = createReceiveLoop({
    queue: {
      receive: async (countMax, visibilitySeconds, signal) => {
        asked.push([countMax, visibilitySeconds]);
        const answer = answers.shift();
        if (answer instanceof Error) throw answer;
        if (answer) return answer;
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(awsError('AbortError')), { once: true });
        return promise;
      },
    },
    visibilitySeconds: 120,
    room: () => state.room,
    roomNotifier: notifier,
    receivers,
    onMessage: ({ id }) => {
      taken.push(id);
      state.room--;
    },
    watermark: {
      received: ({ length }, askedMs) => read.push([length, askedMs, taken.length]),
    },
    reception: {
      begin: () => ({
        succeeded: () => ends.push('succeeded'),
        failed: (message) => ends.push(message),
      }),
    },
    metrics,
    logger,
    random: () => 0,
    nowMs: () => state.now,
    epochMs: () => state.now + 1_000_000,
  });
  const stop = new AbortController();
  const running = loop.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await running;
  });
  const outcomes = async () =>
    Object.fromEntries((await metrics.receives.get()).values.map(({ labels, value }) => [labels.outcome, value]));
  return { notifier, asked, taken, ends, read, state, loop, stop, running, lines, metrics, outcomes };
}

test('messages are handed on as they come, and the loop asks for what there is room for', async (t) => {
  const { asked, taken, read, outcomes, metrics } = setUp(t, [[message('b'), message('c')], [], [message('d')]]);
  await until(() => asked.length === 4);
  assert.deepEqual(taken, ['b', 'c', 'd']);
  assert.deepEqual(read, [
    [2, 1_001_000, 2],
    [0, 1_001_000, 2],
    [1, 1_001_000, 3],
  ]);
  assert.deepEqual(asked, [
    [5, 120],
    [3, 120],
    [3, 120],
    [2, 120],
  ]);
  assert.deepEqual(await outcomes(), { messages: 2, empty: 1 });
  assert.equal((await metrics.messagesReceived.get()).values[0]?.value, 3);
});

test('without room nothing is asked for until there is some', async (t) => {
  const { notifier, asked, state } = setUp(t, [[message('a')]], 1);
  await until(() => asked.length === 1);
  await turn();
  assert.equal(asked.length, 1);
  state.room = 2;
  notifier.notify();
  await until(() => asked.length === 2);
  assert.deepEqual(asked[1], [2, 120]);
});

const messages = (count: number) => Array.from({ length: count }, (_, at) => message(`m${at}`));

test('while receives bring plenty, several are under way, and together ask for no more than there is room for', async (t) => {
  const { asked } = setUp(t, [messages(5)], 30, 4);
  await until(() => asked.length === 4);
  await turn();
  assert.deepEqual(
    asked.map(([count]) => count),
    [10, 10, 10, 5],
  );
});

test('a queue that brings little is asked by one receive at a time', async (t) => {
  const { asked, notifier } = setUp(t, [messages(4)], 40, 4);
  await until(() => asked.length === 2);
  notifier.notify();
  await turn();
  assert.equal(asked.length, 2);
});

test('what one receive does not bring is room for the others', async (t) => {
  const { asked, taken } = setUp(t, [[message('a')]], 10, 2);
  await until(() => taken.length === 1);
  await until(() => asked.length === 2);
  assert.deepEqual(
    asked.map(([count]) => count),
    [10, 9],
  );
});

test('a queue that cannot be read is asked again after a wait, and a line says why', async (t) => {
  const failure = awsError('QueueDoesNotExist', 400, 'no such queue');
  const { asked, lines, taken, ends, outcomes } = setUp(t, [failure, [message('a')]]);
  await until(() => asked.length === 3);
  assert.deepEqual(
    lines.map(({ msg, error, wait_ms }) => [msg, error, wait_ms]),
    [['the queue could not be read; trying again', 'AWS: QueueDoesNotExist: no such queue', 200]],
  );
  assert.deepEqual(taken, ['a']);
  assert.deepEqual(ends, [
    'The queue cannot be read. There is no such queue. Look at SQS_QUEUE_URL and AWS_REGION. AWS: QueueDoesNotExist: no such queue',
    'succeeded',
  ]);
  assert.deepEqual(await outcomes(), { failed: 1, messages: 1 });
});

test('a stop ends the long poll at once, and is no failure', async (t) => {
  const { asked, stop, running, lines, ends, outcomes } = setUp(t);
  await until(() => asked.length === 1);
  stop.abort();
  await running;
  assert.deepEqual([lines, ends, await outcomes()], [[], [], {}]);
});

test('a stop ends the wait for room at once', async (t) => {
  const { taken, stop, running } = setUp(t, [[message('a')]], 1);
  await until(() => taken.length === 1);
  stop.abort();
  await running;
});

test('a stop ends the wait after a failure at once', async (t) => {
  const { lines, stop, running, asked } = setUp(t, [awsError('InternalError', 500)]);
  await until(() => lines.length === 1);
  stop.abort();
  await running;
  assert.equal(asked.length, 1);
});

test('a loop that is told to stop before it runs asks for nothing', async () => {
  const receive = () => Promise.reject(new Error('not to be called'));
  const { logger, lines } = createTestLogger();
  const loop = createReceiveLoop({
    queue: { receive },
    visibilitySeconds: 120,
    room: () => 1,
    roomNotifier: createNotifier(),
    receivers: 2,
    onMessage: () => {},
    watermark: { received: () => {} },
    reception: createReception(() => 0),
    metrics: createMetrics(),
    logger,
    random: () => 0,
    nowMs: () => 0,
    epochMs: () => 0,
  });
  await loop.run(AbortSignal.abort());
  assert.deepEqual(lines, []);
});

test('when the loop last turned is known', async (t) => {
  const { notifier, asked, loop, state } = setUp(t, [[message('a')]], 1);
  assert.equal(loop.turnedMs, 1_000);
  await until(() => asked.length === 1);
  state.now = 2_000;
  state.room = 1;
  notifier.notify();
  await until(() => asked.length === 2);
  assert.equal(loop.turnedMs, 2_000);
});
