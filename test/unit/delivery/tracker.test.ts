import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addBooks, type Books } from '../../../service/core/books.ts';
import { unaccounted } from '../../../service/core/counts.ts';
import { digestOf } from '../../../service/core/digest.ts';
import { createTracker, type Tracker } from '../../../service/delivery/tracker.ts';
import { NO_PROGRESS } from '../../../service/ledger/ledger.ts';
import { buildChunk, type ChunkSpec } from '../../support/chunk.ts';
import { progressOf } from '../../support/progress.ts';
import { holds } from '../../support/property.ts';

const chunkOf = (count: number, spec: ChunkSpec = {}) => buildChunk(Array(count).fill({ message: 'm' }), spec);
const NOW_MS = 1_700_000_000_000;
const NEXT = { at: { record: 0, cursor: '' }, next: { record: 10, cursor: 'c10' } };

test('a delivery that is new begins at the beginning, with nothing accepted', () => {
  const tracker = createTracker(NO_PROGRESS, 'L');
  assert.deepEqual(tracker.from, { record: 0, cursor: '' });
  assert.equal(tracker.accepted(0), false);
  assert.deepEqual(tracker.progress(), progressOf({ layout: 'L' }));
});

test('accepted batches move the position; those that were overtaken wait ahead of it', () => {
  const tracker = createTracker(NO_PROGRESS, 'L');
  const steps: unknown[] = [];
  for (const batch of [2, 0, 3, 1, 5]) {
    tracker.accept(batch, { delivered: 10 });
    const { batch: position, ahead } = tracker.progress();
    steps.push([position, ahead]);
  }
  assert.deepEqual(steps, [
    [0, [[2, 3]]],
    [1, [[2, 3]]],
    [1, [[2, 4]]],
    [4, []],
    [4, [[5, 6]]],
  ]);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(tracker.accepted), [true, true, true, true, false, true, false]);
  assert.equal(tracker.counts().delivered, 50);
});

test('a resumed delivery knows what was accepted before', () => {
  const saved = progressOf({
    chunk: 4,
    record: 900,
    cursor: 'c',
    batch: 2,
    ahead: [[4, 5]],
    layout: 'L',
    counts: { read: 900, delivered: 900 },
    partial: { delivered: 30 },
  });
  const tracker = createTracker(saved, 'L');
  assert.deepEqual(tracker.from, { record: 900, cursor: 'c' });
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(tracker.accepted), [true, true, false, false, true, false]);
  assert.equal(tracker.counts().delivered, 930);
  tracker.accept(2, { delivered: 1 });
  tracker.accept(3, { delivered: 1 });
  assert.deepEqual(tracker.progress(), { ...saved, batch: 5, ahead: [], partial: { ...saved.partial, delivered: 32 } });
});

test('with another layout batch numbers mean nothing: the chunk at hand starts anew, those before it stay', () => {
  const saved = progressOf({
    chunk: 4,
    record: 900,
    cursor: 'c',
    batch: 2,
    ahead: [[4, 5]],
    layout: 'old',
    counts: { read: 900, delivered: 900 },
    partial: { delivered: 30 },
  });
  const tracker = createTracker(saved, 'new');
  assert.deepEqual(tracker.from, { record: 900, cursor: 'c' });
  assert.equal([0, 1, 2, 3, 4].some(tracker.accepted), false);
  assert.deepEqual(
    tracker.progress(),
    progressOf({ chunk: 4, record: 900, cursor: 'c', layout: 'new', counts: { read: 900, delivered: 900 } }),
  );
});

test('a chunk that is delivered joins the counts, and the position moves to the next', () => {
  const tracker = createTracker(NO_PROGRESS, 'L');
  tracker.accept(0, { delivered: 6, rejected: 1 });
  tracker.completeChunk(chunkOf(10, NEXT), { filtered: 2, quarantined: 1 }, NOW_MS);
  assert.deepEqual(
    tracker.progress(),
    progressOf({
      chunk: 1,
      record: 10,
      cursor: 'c10',
      layout: 'L',
      counts: { read: 10, delivered: 6, filtered: 2, rejected: 1, quarantined: 1 },
      begunMs: NOW_MS,
    }),
  );
  assert.equal(tracker.accepted(0), false, 'batches are numbered anew in every chunk');
  assert.equal(unaccounted(tracker.counts()), 0);
});

test('however many batches overtake one that is slow, the position says so in a few numbers', () => {
  const tracker = createTracker(NO_PROGRESS, 'L');
  for (let batch = 1; batch < 10_000; batch++) if (batch !== 5_000) tracker.accept(batch, {});
  assert.deepEqual(tracker.progress().ahead, [
    [1, 5_000],
    [5_001, 10_000],
  ]);
});

test('an answer whose refused events are not kept yet is remembered until the batch is accepted', () => {
  const receipt = { tooOldBefore: 2, expiredBefore: 0, tooNewFrom: 9 };
  const first = createTracker(NO_PROGRESS, 'L');
  first.answered(3, receipt);
  first.answered(4, receipt);
  first.accept(4, { delivered: 7, rejected: 2 });
  assert.equal(first.accepted(3), false);
  const second = createTracker(first.progress(), 'L');
  assert.deepEqual(second.answerTo(3), { batch: 3, ...receipt });
  assert.equal(second.answerTo(4), undefined);
  second.accept(3, {});
  assert.deepEqual(second.progress().answers, []);

  assert.equal(createTracker(first.progress(), 'another layout').answerTo(3), undefined);
  first.completeChunk(chunkOf(10, NEXT), {}, NOW_MS);
  assert.deepEqual(first.progress().answers, [], 'batches are numbered anew in every chunk');
});

test('a snapshot is one: what happens later does not change it', () => {
  const tracker = createTracker(NO_PROGRESS, 'L');
  tracker.accept(3, { delivered: 1 });
  const snapshot = tracker.progress();
  const copy = structuredClone(snapshot);
  tracker.accept(0, { delivered: 1 });
  tracker.accept(4, { delivered: 1 });
  tracker.completeChunk(chunkOf(10, NEXT), {}, NOW_MS);
  assert.deepEqual(snapshot, copy);
});

test('in whatever order batches are accepted and wherever the process stops, each is sent once and counted once', () =>
  holds(
    fc.property(
      fc.integer({ min: 1, max: 20 }).chain((batches) =>
        fc.record({
          order: fc.shuffledSubarray([...Array(batches).keys()], { minLength: batches, maxLength: batches }),
          stopAfter: fc.nat(batches),
        }),
      ),
      ({ order, stopAfter }) => {
        const first = createTracker(NO_PROGRESS, 'L');
        for (const batch of order.slice(0, stopAfter)) first.accept(batch, { delivered: batch + 1 });
        const saved = JSON.parse(JSON.stringify(first.progress()));
        const second = createTracker(saved, 'L');
        const left = order.filter((batch) => !second.accepted(batch));
        assert.deepEqual(left.toSorted(), order.slice(stopAfter).toSorted());
        for (const batch of left) second.accept(batch, { delivered: batch + 1 });
        const all = (order.length * (order.length + 1)) / 2;
        assert.deepEqual(
          [second.progress().batch, second.progress().ahead, second.counts().delivered],
          [order.length, [], all],
        );
      },
    ),
  ));

test('the last chunk counts, but leaves the position at its start: a cursor beyond the end would be the beginning again', () => {
  const saved = progressOf({ chunk: 2, record: 20, cursor: 'c20', layout: 'L', counts: { read: 20, delivered: 20 } });
  const tracker = createTracker(saved, 'L');
  const last = chunkOf(5, { at: { record: 20, cursor: 'c20' }, next: null });
  tracker.accept(0, { delivered: 3 });
  tracker.accept(1, { delivered: 1 });
  tracker.completeChunk(last, { filtered: 1 }, NOW_MS);
  const counts = { read: 25, delivered: 24, filtered: 1, rejected: 0, quarantined: 0 };
  assert.deepEqual(tracker.counts(), counts);
  assert.deepEqual(tracker.progress(), {
    ...saved,
    batch: 2,
    partial: { read: 0, delivered: 4, filtered: 0, rejected: 0, quarantined: 0 },
  });

  // Whoever resumes because the end could not be saved decodes the last chunk, sends nothing, and counts the same.
  const next = createTracker(tracker.progress(), 'L');
  assert.deepEqual(next.from, { record: 20, cursor: 'c20' });
  assert.deepEqual([0, 1].map(next.accepted), [true, true]);
  next.completeChunk(last, { filtered: 1 }, NOW_MS);
  assert.deepEqual(next.counts(), counts);
});

const JUDGED_MS = Date.UTC(2026, 0, 31, 12);

test('every attempt judges times by its own, until something depends on it', () => {
  const first = createTracker(NO_PROGRESS, 'L');
  assert.equal(first.judgedMs(JUDGED_MS), JUDGED_MS);
  first.planned(JUDGED_MS);
  assert.equal(first.progress().layout, 'L');
  const second = createTracker(first.progress(), 'L');
  assert.equal(second.judgedMs(JUDGED_MS + 60_000), JUDGED_MS + 60_000);
});

const DEPEND: readonly (readonly [what: string, depend: (tracker: Tracker) => void])[] = [
  ['a batch was accepted', (tracker) => tracker.accept(0, { delivered: 1 })],
  ['a batch was accepted ahead of others', (tracker) => tracker.accept(3, { delivered: 1 })],
  ['a batch was answered', (tracker) => tracker.answered(0, { tooOldBefore: 1, expiredBefore: 0, tooNewFrom: 9 })],
  ['events that are not sent are about to be kept', (tracker) => tracker.fix()],
];
for (const [what, depend] of DEPEND) {
  test(`once ${what}, whoever goes on judges times as before, and a version that cannot starts the chunk anew`, () => {
    const first = createTracker(NO_PROGRESS, 'L');
    first.planned(first.judgedMs(JUDGED_MS));
    depend(first);
    const { layout } = first.progress();
    assert.equal(layout, `L@${JUDGED_MS}`);
    const second = createTracker(first.progress(), 'L');
    assert.equal(second.judgedMs(JUDGED_MS + 60_000), JUDGED_MS);
    second.planned(JUDGED_MS);
    assert.deepEqual(second.progress(), first.progress());
    assert.equal(createTracker(first.progress(), 'M').judgedMs(JUDGED_MS + 60_000), JUDGED_MS + 60_000);

    second.completeChunk(chunkOf(10, NEXT), {}, NOW_MS);
    assert.equal(second.progress().layout, 'L', 'the next chunk is judged by a time of its own');
    assert.equal(second.judgedMs(JUDGED_MS + 120_000), JUDGED_MS + 120_000);
  });
}

test('what was accepted while nothing was too old or too new is gone on with as if no time were looked at, as an earlier version did', () => {
  const first = createTracker(NO_PROGRESS, 'L');
  first.planned(undefined);
  first.accept(0, { delivered: 1 });
  assert.equal(first.progress().layout, 'L');
  const second = createTracker(first.progress(), 'L');
  assert.equal(second.judgedMs(JUDGED_MS), undefined);
  second.planned(undefined);
  assert.deepEqual(second.progress(), first.progress());
});

const DOUBTED = { otherSetup: false };
const SAVED = progressOf({ chunk: 4, record: 900, cursor: 'c', batch: 2, layout: 'L', begunMs: NOW_MS });

test('what an owner in doubt sent of the chunk is asked for until the chunk is delivered', () => {
  const tracker = createTracker(SAVED, 'L');
  assert.equal(tracker.sentBefore(undefined), undefined, 'an owner that gave back left nothing in doubt');
  assert.deepEqual(tracker.sentBefore(DOUBTED), { sinceMs: NOW_MS, otherBatches: false });
  tracker.completeChunk(chunkOf(10, NEXT), {}, NOW_MS + 5);
  assert.equal(tracker.sentBefore(DOUBTED), undefined);
  assert.equal(tracker.progress().begunMs, NOW_MS + 5);
});

test('a chunk that is cut anew was sent in other batches, whoever sent them', () => {
  assert.deepEqual(createTracker(SAVED, 'new').sentBefore(undefined), { sinceMs: NOW_MS, otherBatches: true });
  const untouched = progressOf({ chunk: 4, record: 900, cursor: 'c', layout: 'L', begunMs: NOW_MS });
  assert.equal(createTracker(untouched, 'new').sentBefore(undefined), undefined, 'nothing of it was sent');
});

test('a chunk of which no batch is saved may have been cut by another time', () => {
  const tracker = createTracker({ ...NO_PROGRESS, begunMs: NOW_MS }, 'L');
  tracker.planned(undefined);
  assert.deepEqual(tracker.sentBefore(DOUBTED), { sinceMs: NOW_MS, otherBatches: false });
  assert.equal(tracker.sentBefore({ otherSetup: true })?.otherBatches, true, 'or by another configuration');
  tracker.planned(NOW_MS);
  assert.deepEqual(tracker.sentBefore(DOUBTED), { sinceMs: NOW_MS, otherBatches: true });
});

/** Books of one event. */
const booksOf = (message: string, hour = 1): Books => ({
  cells: [
    { group: '/g', stream: 's', hour, events: 1, bytes: message.length, digest: digestOf(Buffer.from(message), hour) },
  ],
  covered: true,
});
const send = (tracker: Tracker, batch: number, message: string) =>
  tracker.accept(batch, { delivered: 1 }, { bytes: message.length, books: booksOf(message) });

test('books and bytes are those of all accepted batches, whoever sent them and wherever they stopped', () => {
  const messages = Array.from({ length: 12 }, (_, at) => `message ${at}`);
  const whole = messages.map((message) => booksOf(message)).reduce(addBooks);
  for (let stop = 0; stop < messages.length; stop++) {
    let tracker = createTracker(NO_PROGRESS, 'L', true);
    for (const [at, message] of messages.entries()) {
      send(tracker, at % 4, message);
      tracker.called();
      if (at % 4 === 3)
        tracker.completeChunk(chunkOf(4, { at: NEXT.at, next: at < 11 ? NEXT.next : null }), {}, NOW_MS);
      if (at === stop) tracker = createTracker(tracker.progress(), 'L', true);
    }
    const bytes = messages.join('').length;
    assert.deepEqual(tracker.totals(), { bytes, calls: 12, books: whole }, `stopped after ${stop}`);
  }
});

test('with another layout the chunk at hand is booked anew, and those before it stay', () => {
  const first = createTracker(NO_PROGRESS, 'L', true);
  send(first, 0, 'before');
  first.completeChunk(chunkOf(1, NEXT), {}, NOW_MS);
  send(first, 0, 'half');
  const second = createTracker(first.progress(), 'another layout', true);
  assert.deepEqual(second.totals(), { bytes: 6, calls: 0, books: booksOf('before') });
});

test('books that began in the middle of an object cover nothing of it', () => {
  const first = createTracker(NO_PROGRESS, 'L');
  send(first, 0, 'unbooked');
  assert.equal(first.totals().books, undefined);
  assert.equal(createTracker(first.progress(), 'L', true).totals().books?.covered, false);
  // Nothing of the chunk counts any more.
  assert.equal(createTracker(first.progress(), 'another layout', true).totals().books?.covered, true);
  first.completeChunk(chunkOf(1, NEXT), {}, NOW_MS);
  const second = createTracker(first.progress(), 'another layout', true);
  send(second, 0, 'booked');
  assert.deepEqual(second.totals().books, { cells: [], covered: false });
});
