import { readFileSync } from 'node:fs';
import type { KernelCalls } from './calls.ts';
import * as layout from './layout.ts';

/** What assembly/index.ts exports. Further arguments are passed in memory. */
interface KernelModule
  extends Pick<
    KernelCalls,
    'snappyDecompress' | 'snappyPart' | 'lz4Part' | 'deflate' | 'clearNames' | 'takeNews' | 'takeNumber'
  > {
  addName(scanner: number, bytes: number, kind: number, field: number, inside: boolean): number;
  scanByteArrays(): number;
  takeMessages(): number;
  writeEvents(): number;
  digestEvents(): number;
  clearValues(): void;
  scanLines(): number;
}

let compiled: WebAssembly.Module | undefined;

/** @param memory in which the functions work */
export function createModuleCalls(memory: WebAssembly.Memory, words: Uint32Array): KernelCalls {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  // A test builds the module anew and compares.
  const module = exports as unknown as KernelModule;
  const pass = (argument: number, value: number) => {
    words[argument / 4] = value;
  };
  return {
    snappyDecompress: module.snappyDecompress,
    snappyPart: module.snappyPart,
    lz4Part: module.lz4Part,
    deflate: module.deflate,
    clearNames: module.clearNames,
    takeNews: module.takeNews,
    takeNumber: module.takeNumber,
    addName: ({ scanner, bytes, kind, field, inside }) => module.addName(scanner, bytes, kind, field, inside),
    scanByteArrays(page) {
      pass(layout.SCAN_BYTE_ARRAYS_SOURCE, page.source);
      pass(layout.SCAN_BYTE_ARRAYS_SOURCE_BYTES, page.sourceBytes);
      pass(layout.SCAN_BYTE_ARRAYS_COUNT, page.count);
      pass(layout.SCAN_BYTE_ARRAYS_BASE, page.base);
      pass(layout.SCAN_BYTE_ARRAYS_STARTS, page.starts);
      pass(layout.SCAN_BYTE_ARRAYS_LENGTHS, page.lengths);
      return module.scanByteArrays();
    },
    takeMessages(messages) {
      pass(layout.TAKE_MESSAGES_STARTS, messages.starts);
      pass(layout.TAKE_MESSAGES_LENGTHS, messages.lengths);
      pass(layout.TAKE_MESSAGES_COUNT, messages.count);
      pass(layout.TAKE_MESSAGES_SHIFT, messages.shift);
      pass(layout.TAKE_MESSAGES_TO_STARTS, messages.toStarts);
      pass(layout.TAKE_MESSAGES_TO_LENGTHS, messages.toLengths);
      pass(layout.TAKE_MESSAGES_TO_SIZES, messages.toSizes);
      pass(layout.TAKE_MESSAGES_TO_FORMS, messages.toForms);
      pass(layout.TAKE_MESSAGES_RECORD_OVERHEAD, messages.recordOverhead);
      pass(layout.TAKE_MESSAGES_BYTES_MAX, messages.bytesMax);
      return module.takeMessages();
    },
    writeEvents(events) {
      pass(layout.WRITE_EVENTS_EVENTS, events.events);
      pass(layout.WRITE_EVENTS_COUNT, events.count);
      pass(layout.WRITE_EVENTS_STARTS, events.starts);
      pass(layout.WRITE_EVENTS_LENGTHS, events.lengths);
      pass(layout.WRITE_EVENTS_FORMS, events.forms);
      pass(layout.WRITE_EVENTS_TIMES, events.times);
      pass(layout.WRITE_EVENTS_BYTES, events.bytes);
      pass(layout.WRITE_EVENTS_TARGET, events.target);
      pass(layout.WRITE_EVENTS_LIMIT, events.limit);
      return module.writeEvents();
    },
    digestEvents(events) {
      pass(layout.DIGEST_EVENTS_EVENTS, events.events);
      pass(layout.DIGEST_EVENTS_COUNT, events.count);
      pass(layout.DIGEST_EVENTS_STARTS, events.starts);
      pass(layout.DIGEST_EVENTS_LENGTHS, events.lengths);
      pass(layout.DIGEST_EVENTS_SIZES, events.sizes);
      pass(layout.DIGEST_EVENTS_FORMS, events.forms);
      pass(layout.DIGEST_EVENTS_TIMES, events.times);
      pass(layout.DIGEST_EVENTS_BYTES, events.bytes);
      pass(layout.DIGEST_EVENTS_SCRATCH, events.scratch);
      pass(layout.DIGEST_EVENTS_SCRATCH_BYTES, events.scratchBytes);
      pass(layout.DIGEST_EVENTS_TARGET, events.target);
      return module.digestEvents();
    },
    clearValues(room) {
      pass(layout.CLEAR_VALUES_SCANNER, room.scanner);
      pass(layout.CLEAR_VALUES_TABLE, room.table);
      pass(layout.CLEAR_VALUES_TABLE_BITS, room.tableBits);
      pass(layout.CLEAR_VALUES_ARENA, room.arena);
      pass(layout.CLEAR_VALUES_ARENA_BYTES, room.arenaBytes);
      pass(layout.CLEAR_VALUES_NEWS, room.news);
      pass(layout.CLEAR_VALUES_NEWS_BYTES, room.newsBytes);
      module.clearValues();
    },
    scanLines(lines) {
      pass(layout.SCAN_LINES_SCANNER, lines.scanner);
      pass(layout.SCAN_LINES_END, lines.end);
      pass(layout.SCAN_LINES_WHOLE_RECORDS, lines.wholeRecords ? 1 : 0);
      pass(layout.SCAN_LINES_STARTS, lines.starts);
      pass(layout.SCAN_LINES_LENGTHS, lines.lengths);
      pass(layout.SCAN_LINES_SIZES, lines.sizes);
      pass(layout.SCAN_LINES_FORMS, lines.forms);
      pass(layout.SCAN_LINES_TIMES, lines.times);
      pass(layout.SCAN_LINES_IDS, lines.ids);
      pass(layout.SCAN_LINES_RECORDS_ROOM, lines.recordsRoom);
      pass(layout.SCAN_LINES_BYTES, lines.bytes);
      pass(layout.SCAN_LINES_BYTES_ROOM, lines.bytesRoom);
      pass(layout.SCAN_LINES_FIELD_COUNT, lines.fieldCount);
      pass(layout.SCAN_LINES_CHUNK_BYTES_MAX, lines.chunkBytesMax);
      pass(layout.SCAN_LINES_CHUNK_RECORDS_MAX, lines.chunkRecordsMax);
      pass(layout.SCAN_LINES_RECORD_OVERHEAD, lines.recordOverhead);
      pass(layout.SCAN_LINES_LINE_BYTES_MAX, lines.lineBytesMax);
      return module.scanLines();
    },
  };
}
