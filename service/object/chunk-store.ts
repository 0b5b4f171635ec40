import { DistributorError } from '../base/errors.ts';
import type { DigestedEvents, Messages, RecordField, TextColumn, WrittenEvents } from '../core/chunk.ts';
import { BATCH_BYTES_MAX } from '../core/limits.ts';
import type { Loan } from '../kernel/allocator.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SLACK_BYTES } from '../kernel/layout.ts';

/**
 * Where the records of one chunk are collected, in the kernel's memory: bytes of messages behind one another, and for each record
 * what is known of it. Grows as it is filled; used for one chunk after another, and disposed of with its decoder.
 */
export interface ChunkStore extends Disposable {
  /** Records that fit. */
  readonly recordsRoom: number;
  /** Message bytes that fit. */
  readonly bytesRoom: number;
  /** Addresses in the kernel's memory; they change when the store grows. @throws DistributorError `invariant-broken` once it is disposed of */
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

/** Batches hold at most 10,000 events; their numbers go to the kernel in one piece. */
const EVENTS_BYTES = 4 * 10_000;
/** A batch of 1 MiB with its frames, most of it escaped twice over; what is larger is written without the kernel. */
const BODY_BYTES = 4 * 1024 * 1024;
/** Two numbers of 64 bits. */
const DIGEST_BYTES = 16;

/** Stores for the chunks of an object: one is filled while the one before it is sent. */
export interface ChunkStores extends Disposable {
  /** The one for the next chunk. It may be used until the chunk after that begins. */
  next(): ChunkStore;
}

/** Most objects have one chunk: the second store is made when a second chunk begins. */
export function createChunkStores(...options: Parameters<typeof createChunkStore>): ChunkStores {
  const opened = new DisposableStack();
  const stores: ChunkStore[] = [];
  let turn = 0;
  return {
    next() {
      const at = turn++ % 2;
      const store = stores[at] ?? opened.use(createChunkStore(...options));
      stores[at] = store;
      return store;
    },
    [Symbol.dispose]: () => opened.dispose(),
  };
}

type Addresses = { -readonly [K in keyof StoreAddresses]: StoreAddresses[K] };

export function createChunkStore(
  kernel: Kernel,
  fieldCount: number,
  sizeHint: { bytes: number; records: number },
): ChunkStore {
  const { memory, bytes: all, words, doubles } = kernel;
  /** Addresses of the loans, kept beside them because they are asked for with each record. */
  const at: Addresses = { bytes: 0, starts: 0, lengths: 0, sizes: 0, forms: 0, times: 0, ids: 0 };
  const loans: Partial<Record<keyof Addresses, Loan>> = {};
  let isOver = false;
  let recordsRoom = 0;
  let bytesRoom = 0;

  /** Lends a column anew. @param keep copies what stays of it from the old address to the new one */
  const lend = (name: keyof Addresses, size: number, keep: (from: number, to: number) => void): void => {
    const loan = memory.lend(size);
    if (loans[name]) keep(at[name], loan.at);
    loans[name]?.[Symbol.dispose]();
    loans[name] = loan;
    at[name] = loan.at;
  };

  const move = (name: keyof Addresses, size: number, kept: number): void =>
    lend(name, size, (from, to) => all.copyWithin(to, from, from + kept));

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
  const moveIds = (room: number, kept: number): void =>
    lend('ids', Math.max(1, fieldCount) * room * 4, (from, to) => {
      for (let field = 0; field < fieldCount; field++) {
        const start = from + field * recordsRoom * 4;
        all.copyWithin(to + field * room * 4, start, start + kept * 4);
      }
    });

  const reserveBytes = (bytes: number, kept: number): void => {
    if (bytes <= bytesRoom) return;
    const room = Math.max(bytes, bytesRoom * 2);
    move('bytes', room + SLACK_BYTES, kept);
    bytesRoom = room;
  };

  const wordsAt = (address: number, count: number) => words.subarray(address / 4, address / 4 + count);

  const current = (): StoreAddresses => {
    if (isOver) throw new DistributorError('invariant-broken', 'a chunk was used after its decoder');
    return at;
  };

  using opened = new DisposableStack();
  opened.defer(() => {
    isOver = true;
    for (const loan of Object.values(loans)) loan[Symbol.dispose]();
  });
  reserveRecords(Math.max(1, sizeHint.records), 0);
  reserveBytes(sizeHint.bytes, 0);
  const resources = opened.move();
  return {
    get recordsRoom() {
      return recordsRoom;
    },
    get bytesRoom() {
      return bytesRoom;
    },
    get at() {
      return current();
    },
    reserveRecords,
    reserveBytes,
    times: (count) => doubles.subarray(current().times / 8, current().times / 8 + count),
    ids: (field, count) => wordsAt(current().ids + field * recordsRoom * 4, count),
    messages: (count, bytes) => ({
      bytes: all.subarray(current().bytes, current().bytes + bytes),
      start: wordsAt(at.starts, count),
      length: wordsAt(at.lengths, count),
      size: wordsAt(at.sizes, count),
      form: all.subarray(at.forms, at.forms + count),
      writeEvents: (records, timesMs) => writeEvents(kernel, current(), records, timesMs),
      digestEvents: (records, timesMs) => digestEvents(kernel, current(), records, timesMs),
    }),
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/** Writes events of the records at these addresses: Messages.writeEvents. */
function writeEvents(
  kernel: Kernel,
  at: StoreAddresses,
  events: Uint32Array,
  timesMs: Float64Array,
): WrittenEvents | null {
  const { memory, bytes, calls } = kernel;
  using chosen = choose(kernel, events, timesMs);
  using opened = new DisposableStack();
  const body = opened.use(memory.lend(BODY_BYTES));
  const end = calls.writeEvents({ ...at, ...chosen.at, target: body.at, limit: body.at + BODY_BYTES });
  if (end === 0) return null;
  opened.move();
  return { bytes: bytes.subarray(body.at, end), [Symbol.dispose]: () => body[Symbol.dispose]() };
}

/** The digest of the records at these addresses: Messages.digestEvents. */
function digestEvents(
  kernel: Kernel,
  at: StoreAddresses,
  events: Uint32Array,
  timesMs: Float64Array,
): DigestedEvents | null {
  const { memory, bytes: all, calls } = kernel;
  using chosen = choose(kernel, events, timesMs);
  using target = memory.lend(DIGEST_BYTES);
  using scratch = memory.lend(BATCH_BYTES_MAX + SLACK_BYTES);
  const room = { target: target.at, scratch: scratch.at, scratchBytes: BATCH_BYTES_MAX };
  const bytes = calls.digestEvents({ ...at, ...chosen.at, ...room });
  if (bytes < 0) return null;
  return { digest: { lo: all.readBigUInt64LE(target.at), hi: all.readBigUInt64LE(target.at + 8) }, bytes };
}

/** Numbers and times of events where the kernel finds them, until this is disposed of. */
function choose({ memory, words, doubles }: Kernel, events: Uint32Array, timesMs: Float64Array) {
  using opened = new DisposableStack();
  const numbers = opened.use(memory.lend(Math.max(EVENTS_BYTES, events.length * 4)));
  words.set(events, numbers.at / 4);
  // Times that a plan has changed are its own; others lie where the store has them.
  const isElsewhere = timesMs.buffer !== words.buffer;
  const times = isElsewhere ? opened.use(memory.lend(timesMs.length * 8)) : undefined;
  if (times) doubles.set(timesMs, times.at / 8);
  const at = { events: numbers.at, count: events.length, times: times?.at ?? timesMs.byteOffset };
  const loans = opened.move();
  return { at, [Symbol.dispose]: () => loans.dispose() };
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
