import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runPipeline } from './support/pipeline.ts';
import { logFile, POD, type Pod, podEvent } from './support/pod-event.ts';
import { type Container, longestWaits } from './support/reading-model.ts';
import { configOf } from './support/vector-config.ts';
import { kubernetesLogs } from './support/vector-reference.ts';
import type { Event } from './support/vrl.ts';

const PIECE = 16 * 1024;

/** The events that the source makes of a line: pieces as the runtime cuts them, all but the last marked as partial. */
function piecesOf(line: string, pod: Pod, file = logFile(pod), stream = 'stdout'): Event[] {
  const count = Math.max(1, Math.ceil(line.length / PIECE));
  return Array.from({ length: count }, (_, at) => ({
    ...podEvent(line.slice(at * PIECE, (at + 1) * PIECE), pod),
    file,
    stream,
    ...(at < count - 1 ? { _partial: true } : {}),
  }));
}

function messagesOf(events: readonly Event[]): unknown[] {
  return (runPipeline('s3', 'pods', events).get('s3') ?? []).map(({ message }) => message);
}

const LONG = `{"a":"${'x'.repeat(3 * PIECE)}"}`;

test('a long line arrives as one event with the first piece’s time and no other members', () => {
  const [first, ...rest] = piecesOf(LONG, POD);
  const later = rest.map((piece) => ({ ...piece, timestamp: '2026-11-23T02:11:28.000Z' }));
  const records = runPipeline('s3', 'pods', [first ?? {}, ...later]).get('s3');
  const [whole] = runPipeline('s3', 'pods', [podEvent('short')]).get('s3') ?? [];
  assert.deepEqual(records, [{ ...whole, message: LONG }]);
});

test('a line whose file is renamed between its pieces stays whole, and so does the first line of the new file', () => {
  const pieces = piecesOf(LONG, POD);
  const renamed = `${logFile(POD)}.20261123-021127`;
  const after = pieces.slice(1).map((piece) => ({ ...piece, file: renamed }));
  assert.deepEqual(messagesOf([...pieces.slice(0, 1), ...after, ...piecesOf('next', POD)]), [LONG, 'next']);
});

test('pieces of other containers, streams and runs come in between and are not mixed', () => {
  const writers = [
    { pod: POD, stream: 'stdout' },
    { pod: POD, stream: 'stderr' },
    { pod: { ...POD, run: 1 }, stream: 'stdout' },
    { pod: { ...POD, container: 'proxy' }, stream: 'stdout' },
    { pod: { ...POD, pod: 'checkout-7d9c5b6f4-aaaaa' }, stream: 'stdout' },
  ];
  const lines = fc.array(fc.integer({ min: 0, max: 4 * PIECE }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(lines, { minLength: 5, maxLength: 5 }), fc.infiniteStream(fc.nat(4)), (lengths, turns) => {
      const texts = lengths.map((group, writer) => group.map((length) => String(writer).repeat(length + 1)));
      const queues = writers.map(({ pod, stream }, writer) =>
        (texts[writer] ?? []).flatMap((text) => piecesOf(text, pod, logFile(pod), stream)),
      );
      const events: Event[] = [];
      while (queues.some((queue) => queue.length > 0)) {
        const piece = queues[turns.next().value ?? 0]?.shift();
        if (piece) events.push(piece);
      }
      assert.deepEqual(messagesOf(events).sort(), texts.flat().sort());
    }),
    { numRuns: 5, endOnFailure: true },
  );
});

test('a line without an end becomes events of 4 MiB, and nothing of it is lost', () => {
  const endless = 'e'.repeat(9 * 1024 * 1024);
  const messages = messagesOf(piecesOf(endless, POD)).map(String);
  assert.deepEqual(
    messages.map(({ length }) => length / 1024 / 1024),
    [4, 4, 1],
  );
  assert.ok(messages.join('') === endless);
});

/** The loudest pod that docs/decisions/0033-long-lines.md speaks of: 50,000 lines of 200 bytes a second, beside twenty quiet ones. */
const FLOOD: Container = { bytesPerSecond: 10_000_000, startS: 0 };
const quiet = (startS: number): Container[] => Array.from({ length: 10 }, () => ({ bytesPerSecond: 2_000, startS }));

/** The longest wait of a quiet pod that ran before the flood, and of one that started in it, in whole seconds. */
function waitsBeside(oldestFirst: boolean, bytesPerSecond: number): readonly [before: number, during: number] {
  const { max_read_bytes: turnBytes = 0, glob_minimum_cooldown_ms: ms = 0 } = kubernetesLogs.parse(
    configOf('s3').sources.pods,
  );
  const reading = { oldestFirst, turnBytes, searchIntervalS: ms / 1000, bytesPerSecond };
  const waits = longestWaits([...quiet(0), FLOOD, ...quiet(33)], reading, 120);
  const longest = (from: number, to: number) => Math.round(Math.max(...waits.slice(from, to)));
  return [longest(0, 10), longest(11, 21)];
}

test('with the oldest file first, a flood that Vector cannot read delays only pods that start in it, and for seconds', () => {
  // Vector reads 8 MB a second: less than the flood.
  assert.deepEqual(waitsBeside(false, 8e6), [1, 3]);
  assert.deepEqual(waitsBeside(true, 8e6), [0, 18]);
  // It reads more than the flood: no difference.
  assert.deepEqual(waitsBeside(true, 12e6), [0, 2]);
});
