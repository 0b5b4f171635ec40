import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { QueueDepth } from '../../../../service/aws/queue.ts';
import { createQueueDepth } from '../../../../service/run/queue/queue-depth.ts';

const DEPTH: QueueDepth = { visible: 3, invisible: 2, delayed: 1 };

function setUp() {
  const now = { ms: 0 };
  const answers: (QueueDepth | Error)[] = [];
  const counted: (readonly [visible: number, atMs: number])[] = [];
  const seen = { asked: 0 };
  const depth = createQueueDepth({
    queue: {
      depth: async () => {
        seen.asked++;
        const answer = answers.shift() ?? DEPTH;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    watermark: { counted: (visible, atMs) => counted.push([visible, atMs]) },
    nowMs: () => now.ms,
  });
  return { now, answers, counted, seen, depth };
}

test('who looks gets the last answer, and SQS is asked at most every ten seconds', async () => {
  const { now, counted, seen, depth } = setUp();
  assert.equal(depth.look(), undefined);
  await turn();
  now.ms = 9_999;
  assert.deepEqual(depth.look(), { ...DEPTH, countedMs: 0 });
  assert.equal(seen.asked, 1);
  now.ms = 10_000;
  depth.look();
  await turn();
  assert.equal(seen.asked, 2);
  assert.deepEqual(counted, [
    [3, 0],
    [3, 10_000],
  ]);
});

test('a figure that SQS no longer gives is gone after two minutes', async () => {
  const { now, answers, depth } = setUp();
  depth.look();
  await turn();
  for (const ms of [60_000, 119_999]) {
    now.ms = ms;
    answers.push(new Error('no answer'));
    assert.deepEqual(depth.look(), { ...DEPTH, countedMs: 0 }, 'it says how old it is');
    await turn();
  }
  now.ms = 120_000;
  assert.equal(depth.look(), undefined);
});
