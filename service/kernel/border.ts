import { DistributorError } from '../base/errors.ts';
import type { KernelCalls } from './calls.ts';
import {
  DEFLATE_SCRATCH_BYTES,
  FIELDS_MAX,
  LENT_FROM,
  NO_ROOM,
  PART_BYTES,
  PART_FROM,
  PART_TO,
  SCANNER_BYTES,
  SCANNER_COUNT,
  SCANNER_FROM,
  SCANNER_USED,
  SLACK_BYTES,
  VALUE_ENTRY_BYTES,
} from './layout.ts';

const WORD = 4;
const DOUBLE = 8;
/** Of 64 bits each. */
const DIGEST_NUMBERS = 2;

/**
 * Asserts what must hold of each call before and after it. The kernel itself trusts its arguments: one that is wrong would read or
 * overwrite what belongs to another object.
 * @throws DistributorError `invariant-broken`
 */
export function createBorder(
  calls: KernelCalls,
  { bytes: memory, words }: { readonly bytes: Buffer; readonly words: Uint32Array },
): KernelCalls {
  /** Bytes that the kernel may use, with slack behind them where it uses vectors. */
  const stretch = (what: string, at: number, bytes: number, alignment = 1): void => {
    const isWithin = at >= LENT_FROM && bytes >= 0 && at + bytes <= memory.length;
    if (!isWithin || at % alignment !== 0) throw broken(`${what} is ${bytes} bytes at ${at}`);
  };
  const column = (what: string, at: number, count: number, entry = WORD) => stretch(what, at, count * entry, entry);
  const scannerAt = (at: number) => stretch('a scanner', at, SCANNER_BYTES, WORD);
  const word = (at: number, offset: number) => words[(at + offset) / WORD] as number;

  const part =
    (call: KernelCalls['snappyPart']): KernelCalls['snappyPart'] =>
    (state, end, begin, limit) => {
      stretch('a state', state, PART_BYTES, WORD);
      const isWithin = () => {
        const [from, to] = [word(state, PART_FROM), word(state, PART_TO)];
        return from <= end && begin <= to && to <= limit;
      };
      stretch('compressed data', word(state, PART_FROM), end - word(state, PART_FROM));
      stretch('decompressed data', begin, limit - begin);
      must(isWithin(), 'a part begins outside of its data');
      const result = call(state, end, begin, limit);
      must(isWithin(), 'a part ended outside of its data');
      return result;
    };

  return {
    snappyDecompress(source, sourceBytes, target, targetBytes) {
      stretch('compressed data', source, sourceBytes);
      // A length that is too large is the object's fault, and refused by the kernel.
      stretch('decompressed data', target, 0);
      must(targetBytes >= 0, `decompressed data is ${targetBytes} bytes`);
      return calls.snappyDecompress(source, sourceBytes, target, targetBytes);
    },
    snappyPart: part(calls.snappyPart),
    lz4Part: part(calls.lz4Part),
    scanByteArrays(page) {
      stretch('a page', page.source, page.sourceBytes);
      column('starts', page.starts, page.count);
      column('lengths', page.lengths, page.count);
      const used = calls.scanByteArrays(page);
      must(used <= page.sourceBytes, `the values of a page are ${used} bytes`);
      return used;
    },
    takeMessages(messages) {
      const { count } = messages;
      for (const name of ['starts', 'lengths', 'toStarts', 'toLengths', 'toSizes'] as const) {
        column(name, messages[name], count);
      }
      column('toForms', messages.toForms, count, 1);
      const taken = calls.takeMessages(messages);
      must(taken <= count, `${taken} of ${count} messages were taken`);
      return taken;
    },
    writeEvents(events) {
      const { target, limit } = events;
      column('events', events.events, events.count);
      // Which records they are is not known here.
      for (const name of ['starts', 'lengths', 'forms', 'bytes'] as const) stretch(name, events[name], 0);
      stretch('times', events.times, 0, DOUBLE);
      stretch('a body', target, limit - target);
      const end = calls.writeEvents(events);
      must(
        end === 0 || (end >= target && end <= limit),
        `a body of ${limit - target} bytes ends after ${end - target}`,
      );
      return end;
    },
    digestEvents(events) {
      const { scratch, scratchBytes } = events;
      column('events', events.events, events.count);
      // Which records they are is not known here.
      for (const name of ['starts', 'lengths', 'sizes', 'forms', 'bytes'] as const) stretch(name, events[name], 0);
      stretch('times', events.times, 0, DOUBLE);
      stretch('a scratch', scratch, scratchBytes + SLACK_BYTES);
      column('a digest', events.target, DIGEST_NUMBERS, DOUBLE);
      const bytes = calls.digestEvents(events);
      must(bytes >= -1, `the messages of a digest are ${bytes} bytes`);
      return bytes;
    },
    deflate(source, sourceBytes, target, targetBytes, scratch) {
      stretch('a body', source, sourceBytes + SLACK_BYTES);
      stretch('a compressed body', target, targetBytes + SLACK_BYTES);
      stretch('a scratch', scratch, DEFLATE_SCRATCH_BYTES, WORD);
      const length = calls.deflate(source, sourceBytes, target, targetBytes, scratch);
      must(length >= 0 && length <= targetBytes, `a compressed body of ${targetBytes} bytes takes ${length}`);
      return length;
    },
    clearNames(scanner) {
      scannerAt(scanner);
      calls.clearNames(scanner);
    },
    addName(name) {
      scannerAt(name.scanner);
      must(name.field < FIELDS_MAX, `there is no field ${name.field}`);
      return calls.addName(name);
    },
    clearValues(room) {
      scannerAt(room.scanner);
      stretch('a table', room.table, VALUE_ENTRY_BYTES * 2 ** room.tableBits, WORD);
      stretch('an arena', room.arena, room.arenaBytes);
      stretch('a list', room.news, room.newsBytes, WORD);
      calls.clearValues(room);
    },
    takeNews(scanner) {
      scannerAt(scanner);
      return calls.takeNews(scanner);
    },
    takeNumber(scanner, field) {
      scannerAt(scanner);
      must(field < FIELDS_MAX, `there is no field ${field}`);
      return calls.takeNumber(scanner, field);
    },
    scanLines(lines) {
      const { scanner, end, recordsRoom, bytesRoom, fieldCount } = lines;
      scannerAt(scanner);
      for (const name of ['starts', 'lengths', 'sizes'] as const) column(name, lines[name], recordsRoom);
      column('forms', lines.forms, recordsRoom, 1);
      column('times', lines.times, recordsRoom, DOUBLE);
      must(fieldCount <= FIELDS_MAX, `there are ${fieldCount} fields`);
      column('ids', lines.ids, recordsRoom * fieldCount);
      stretch('messages', lines.bytes, bytesRoom + SLACK_BYTES);
      const from = word(scanner, SCANNER_FROM);
      stretch('lines', from, end - from + SLACK_BYTES);
      const isWithin = () =>
        word(scanner, SCANNER_FROM) <= end &&
        word(scanner, SCANNER_COUNT) <= recordsRoom &&
        word(scanner, SCANNER_USED) <= bytesRoom;
      must(isWithin(), 'a scan begins outside of its lines or its chunk');
      const result = calls.scanLines(lines);
      must(
        isWithin() && result >= 0 && result <= NO_ROOM,
        `a scan ended outside of its lines or its chunk (${result})`,
      );
      return result;
    },
  };
}

function must(holds: boolean, what: string): void {
  if (!holds) throw broken(what);
}

function broken(what: string): DistributorError {
  return new DistributorError('invariant-broken', `the kernel's border: ${what}`);
}
