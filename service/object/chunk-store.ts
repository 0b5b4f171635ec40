import type { Messages, RecordField, TextColumn } from '../core/chunk.ts';
import type { Kernel } from '../kernel/kernel.ts';

/**
 * Where the records of one chunk are collected, in the kernel's memory: bytes of messages behind one another, and for each record
 * what is known of it. Grows as it is filled; used for one chunk after another, and released with its decoder.
 */
export interface ChunkStore {
  /** Records that fit. */
  readonly recordsRoom: number;
  /** Message bytes that fit. */
  readonly bytesRoom: number;
  /** Addresses in the kernel's memory; they change when the store grows. */
  readonly at: StoreAddresses;
  /** Makes room for so many records, of which the first `kept` stay. */
  reserveRecords(records: number, kept: number): void;
  /** Makes room for so many bytes, of which the first `kept` stay. */
  reserveBytes(bytes: number, kept: number): void;
  /** The times of the first `count` records. */
  times(count: number): Float64Array<ArrayBufferLike>;
  ids(field: number, count: number): Uint32Array;
  /** The first `count` records as a chunk has them. */
  messages(count: number, bytes: number): Messages;
  release(): void;
}

export interface StoreAddresses {
  readonly bytes: number;
  readonly starts: number;
  readonly lengths: number;
  readonly sizes: number;
  readonly forms: number;
  readonly times: number;
  readonly ids: number;
}

/** What is written in vectors may go so far beyond its end. */
export const SLACK_BYTES = 16;
/** Batches hold at most 10,000 events; their numbers go to the kernel in one piece. */
const EVENTS_BYTES = 4 * 10_000;
/** A batch of 1 MiB with its frames, most of it escaped twice over; what is larger is written without the kernel. */
const BODY_BYTES = 4 * 1024 * 1024;

type Addresses = { -readonly [K in keyof StoreAddresses]: StoreAddresses[K] };

export function createChunkStore(
  kernel: Kernel,
  fieldCount: number,
  sizeHint: { bytes: number; records: number },
): ChunkStore {
  const { memory, bytes: all, words, doubles, calls } = kernel;
  const at: Addresses = { bytes: 0, starts: 0, lengths: 0, sizes: 0, forms: 0, times: 0, ids: 0 };
  let recordsRoom = 0;
  let bytesRoom = 0;

  const move = (name: keyof Addresses, size: number, kept: number): void => {
    const address = memory.allocate(size);
    if (at[name] !== 0) {
      all.copyWithin(address, at[name], at[name] + kept);
      memory.release(at[name]);
    }
    at[name] = address;
  };

  const reserveRecords = (records: number, kept: number): void => {
    if (records <= recordsRoom) return;
    const room = Math.max(records, recordsRoom * 2);
    for (const name of ['starts', 'lengths', 'sizes'] as const) move(name, room * 4, kept * 4);
    move('forms', room, kept);
    move('times', room * 8, kept * 8);
    moveIds(room, kept);
    recordsRoom = room;
  };

  /** The numbers of a field lie `recordsRoom` apart: they spread when it grows. */
  const moveIds = (room: number, kept: number): void => {
    const address = memory.allocate(Math.max(1, fieldCount) * room * 4);
    if (at.ids !== 0) {
      for (let field = 0; field < fieldCount; field++) {
        const from = at.ids + field * recordsRoom * 4;
        all.copyWithin(address + field * room * 4, from, from + kept * 4);
      }
      memory.release(at.ids);
    }
    at.ids = address;
  };

  const reserveBytes = (bytes: number, kept: number): void => {
    if (bytes <= bytesRoom) return;
    const room = Math.max(bytes, bytesRoom * 2);
    move('bytes', room + SLACK_BYTES, kept);
    bytesRoom = room;
  };

  const wordsAt = (address: number, count: number) => words.subarray(address / 4, address / 4 + count);

  const writeEvents = (events: Uint32Array, timesMs: Float64Array): Uint8Array | null => {
    // Lent for the moment of the call only: nothing else runs meanwhile.
    const lent = [memory.allocate(EVENTS_BYTES), memory.allocate(BODY_BYTES)] as const;
    const [numbers, body] = lent;
    let times = timesMs.byteOffset;
    let copied: number | undefined;
    if (timesMs.buffer !== words.buffer) {
      copied = memory.allocate(timesMs.length * 8);
      doubles.set(timesMs, copied / 8);
      times = copied;
    }
    words.set(events, numbers / 4);
    const end = calls.writeEvents(
      numbers,
      events.length,
      at.starts,
      at.lengths,
      at.forms,
      times,
      at.bytes,
      body,
      body + BODY_BYTES,
    );
    for (const address of copied === undefined ? lent : [...lent, copied]) memory.release(address);
    return end === 0 ? null : all.subarray(body, end);
  };

  reserveRecords(Math.max(1, sizeHint.records), 0);
  reserveBytes(sizeHint.bytes, 0);
  return {
    get recordsRoom() {
      return recordsRoom;
    },
    get bytesRoom() {
      return bytesRoom;
    },
    at,
    reserveRecords,
    reserveBytes,
    times: (count) => doubles.subarray(at.times / 8, at.times / 8 + count),
    ids: (field, count) => wordsAt(at.ids + field * recordsRoom * 4, count),
    messages: (count, bytes) => ({
      bytes: all.subarray(at.bytes, at.bytes + bytes),
      start: wordsAt(at.starts, count),
      length: wordsAt(at.lengths, count),
      size: wordsAt(at.sizes, count),
      form: all.subarray(at.forms, at.forms + count),
      writeEvents,
    }),
    release() {
      for (const name of Object.keys(at) as (keyof Addresses)[]) {
        memory.release(at[name]);
        at[name] = 0;
      }
    },
  };
}

/** Columns of a chunk whose numbers are in a store. */
export function columnsOf(
  store: ChunkStore,
  fields: readonly RecordField[],
  values: readonly (readonly string[])[],
  count: number,
): Partial<Record<RecordField, TextColumn>> {
  return Object.fromEntries(
    fields.map((name, field) => {
      const index = store.ids(field, count);
      return [name, { values: values[field] ?? [''], index, ...(isUniform(index) ? { only: index[0] } : {}) }];
    }),
  );
}

/** Stops at the first difference; a uniform column saves the planning several passes. */
function isUniform(index: Uint32Array): boolean {
  const [first] = index;
  for (let record = 1; record < index.length; record++) if (index[record] !== first) return false;
  return true;
}
