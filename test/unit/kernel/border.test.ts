import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createBorder } from '../../../service/kernel/border.ts';
import type { KernelCalls } from '../../../service/kernel/calls.ts';
import {
  FIELDS_MAX,
  PART_FROM,
  PART_TO,
  SCANNER_COUNT,
  SCANNER_FROM,
  SCANNER_USED,
} from '../../../service/kernel/layout.ts';
import { createTestKernel } from '../../support/kernel.ts';

const kernel = createTestKernel();
const { calls, words, bytes, memory } = kernel;
const ROOM = 4_096;
const BROKEN = { code: 'invariant-broken', disposition: 'crash' };

const at = Array.from({ length: 12 }, () => memory.lend(ROOM).at);
const [scanner = 0, source = 0, starts = 0, lengths = 0, sizes = 0, forms = 0] = at;
const [times = 0, ids = 0, target = 0, table = 0, arena = 0, news = 0] = at.slice(6);
const END = bytes.length;

const set = (address: number, offset: number, value: number) => {
  words[(address + offset) / 4] = value;
};

const page = { source, sourceBytes: 0, count: 0, base: source, starts, lengths };
const messages = {
  ...{ starts, lengths, count: 0, shift: 0, recordOverhead: 26, bytesMax: 1_000 },
  ...{ toStarts: sizes, toLengths: times, toSizes: ids, toForms: forms },
};
const events = { events: ids, count: 0, starts, lengths, forms, times, bytes: source, target, limit: target + ROOM };
const digested = { ...events, sizes, scratch: arena, scratchBytes: 100 };
const room = { scanner, table, tableBits: 4, arena, arenaBytes: ROOM, news, newsBytes: ROOM };
const lines = {
  ...{ scanner, end: source + 20, wholeRecords: false, starts, lengths, sizes, forms, times, ids },
  ...{ fieldCount: 2, recordsRoom: 8, bytes: target, bytesRoom: 100 },
  ...{ chunkBytesMax: 1_000, chunkRecordsMax: 8, recordOverhead: 26, lineBytesMax: 1_000 },
};

/** Makes the scanner stand before an empty text, with nothing in its chunk. */
function begin(): void {
  bytes.fill(0x20, source, source + 20);
  calls.clearNames(scanner);
  calls.clearValues(room);
  set(scanner, SCANNER_FROM, source);
  for (const offset of [SCANNER_COUNT, SCANNER_USED]) set(scanner, offset, 0);
}

suite('a call whose arguments cannot be ends the process', () => {
  const wrong: readonly (readonly [string, () => unknown])[] = [
    [
      'scanByteArrays: a page beyond the memory',
      () => calls.scanByteArrays({ ...page, source: END - 1, sourceBytes: 2 }),
    ],
    ['scanByteArrays: a negative length', () => calls.scanByteArrays({ ...page, sourceBytes: -1 })],
    [
      'scanByteArrays: a column between two words',
      () => calls.scanByteArrays({ ...page, starts: starts + 2, count: 1 }),
    ],
    ['scanByteArrays: a column beyond the memory', () => calls.scanByteArrays({ ...page, count: END / 4 })],
    ['takeMessages: a column in the tables of the kernel', () => calls.takeMessages({ ...messages, toStarts: 1_024 })],
    ['takeMessages: a number that is none', () => calls.takeMessages({ ...messages, count: Number.NaN })],
    ['writeEvents: a body that ends before it begins', () => calls.writeEvents({ ...events, limit: target - 1 })],
    ['writeEvents: a body beyond the memory', () => calls.writeEvents({ ...events, limit: END + 1 })],
    ['writeEvents: times between two doubles', () => calls.writeEvents({ ...events, times: times + 4 })],
    ['digestEvents: times between two doubles', () => calls.digestEvents({ ...digested, times: times + 4 })],
    [
      'digestEvents: no slack behind the scratch',
      () => calls.digestEvents({ ...digested, scratchBytes: END - target }),
    ],
    ['digestEvents: a digest in the tables of the kernel', () => calls.digestEvents({ ...digested, target: 1_024 })],
    ['clearValues: a table beyond the memory', () => calls.clearValues({ ...room, tableBits: 30 })],
    ['clearNames: no scanner', () => calls.clearNames(0)],
    [
      'addName: a field too many',
      () => calls.addName({ scanner, bytes: 1, kind: 0, field: FIELDS_MAX, inside: false }),
    ],
    ['takeNumber: a field too many', () => calls.takeNumber(scanner, FIELDS_MAX)],
    ['takeNews: a scanner beyond the memory', () => calls.takeNews(END)],
    ['snappyDecompress: a negative length', () => calls.snappyDecompress(source, 10, target, -1)],
    ['snappyDecompress: input beyond the memory', () => calls.snappyDecompress(END - 5, 10, target, 10)],
    ['scanLines: lines that end before they begin', () => calls.scanLines({ ...lines, end: source - 1 })],
    ['scanLines: no slack behind the lines', () => calls.scanLines({ ...lines, end: END })],
    ['scanLines: fields too many', () => calls.scanLines({ ...lines, fieldCount: FIELDS_MAX + 1 })],
    ['scanLines: times between two doubles', () => calls.scanLines({ ...lines, times: times + 4 })],
    ['scanLines: messages beyond the memory', () => calls.scanLines({ ...lines, bytesRoom: END })],
  ];
  for (const [what, call] of wrong) {
    test(what, () => {
      begin();
      assert.throws(call, BROKEN);
    });
  }

  test('the same calls within their memory are made', () => {
    begin();
    assert.equal(calls.scanByteArrays(page), 0);
    assert.equal(calls.takeMessages(messages), 0);
    calls.writeEvents(events);
    calls.digestEvents(digested);
    assert.equal(calls.scanLines(lines), 0);
  });

  test('a chunk that holds more than its room', () => {
    for (const [offset, value] of [
      [SCANNER_COUNT, lines.recordsRoom + 1],
      [SCANNER_USED, lines.bytesRoom + 1],
    ] as const) {
      begin();
      set(scanner, offset, value);
      assert.throws(() => calls.scanLines(lines), BROKEN);
    }
  });

  for (const name of ['snappyPart', 'lz4Part'] as const) {
    test(`${name}: a state outside of its data`, () => {
      const run = (from: number, to: number) => {
        bytes.fill(0, table, table + 64);
        set(table, PART_FROM, from);
        set(table, PART_TO, to);
        return calls[name](table, source + 10, target, target + 100);
      };
      bytes.fill(0, source, source + 10);
      assert.equal(run(source + 10, target), 0);
      assert.throws(() => run(source + 11, target), BROKEN);
      assert.throws(() => run(source, target - 1), BROKEN);
      assert.throws(() => run(source, target + 101), BROKEN);
    });
  }
});

suite('a result that cannot be ends the process', () => {
  const border = (wrong: Partial<KernelCalls>) => createBorder({ ...calls, ...wrong }, kernel);
  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['values beyond their page', () => border({ scanByteArrays: () => 1 }).scanByteArrays(page)],
    ['more messages than there are', () => border({ takeMessages: () => 1 }).takeMessages(messages)],
    ['a body before its beginning', () => border({ writeEvents: () => target - 1 }).writeEvents(events)],
    ['a digest of less than nothing', () => border({ digestEvents: () => -2 }).digestEvents(digested)],
    ['a body behind its limit', () => border({ writeEvents: () => target + ROOM + 1 }).writeEvents(events)],
    ['a scan that ends for no reason', () => border({ scanLines: () => 4 }).scanLines(lines)],
    [
      'a scan that read beyond its lines',
      () =>
        border({
          scanLines() {
            set(scanner, SCANNER_FROM, lines.end + 1);
            return 0;
          },
        }).scanLines(lines),
    ],
  ];
  for (const [what, call] of wrong) {
    test(what, () => {
      begin();
      assert.throws(call, BROKEN);
    });
  }
});
