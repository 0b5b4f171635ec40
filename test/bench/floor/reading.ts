import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { parquetMetadataAsync } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { compressors } from 'hyparquet-compressors';
import type { FloorObject } from './calls.ts';

/** The reading half: fetch what holds messages and times, and decompress it. Where it lies is known beforehand. */
export interface ReadPlan {
  /** Byte ranges in the order in which they are fetched, and the pages in each; gzip has none. */
  readonly ranges: readonly ReadRange[];
  readonly name: string;
  readonly kind: FloorObject['kind'];
}

interface ReadRange {
  readonly start: number;
  readonly end: number;
  readonly pages: readonly PageBody[];
}

interface PageBody {
  /** From the beginning of its range. */
  readonly start: number;
  readonly end: number;
  readonly uncompressedBytes: number;
}

/** As the service's own windows. */
const RANGE_BYTES = 8 * 1024 * 1024;
const INFLATED_PIECE_BYTES = 1024 * 1024;
const COLUMNS = new Set(['timestamp', 'message']);

export async function planReading({ name, file, kind }: FloorObject): Promise<ReadPlan> {
  await using handle = await open(file);
  const bytes = await handle.readFile();
  const ranges = kind === 'gzip' ? evenRanges(bytes.length) : await pageRanges(bytes);
  return { name, kind, ranges };
}

function evenRanges(size: number): ReadRange[] {
  const ranges: ReadRange[] = [];
  for (let start = 0; start < size; start += RANGE_BYTES) {
    ranges.push({ start, end: Math.min(size, start + RANGE_BYTES), pages: [] });
  }
  return ranges;
}

/** Whole pages in each range, the two columns of a row group one after the other. */
async function pageRanges(bytes: Buffer): Promise<ReadRange[]> {
  const file = { byteLength: bytes.length, slice: (start: number, end?: number) => copyOf(bytes.subarray(start, end)) };
  const { row_groups } = await parquetMetadataAsync(file, { geoparquet: false });
  const ranges: ReadRange[] = [];
  for (const { meta_data: column } of row_groups.flatMap(({ columns }) => columns)) {
    if (!column || !COLUMNS.has(column.path_in_schema.join('.'))) continue;
    const start = Number(column.dictionary_page_offset ?? column.data_page_offset);
    ranges.push(...rangesOf(bytes, start, start + Number(column.total_compressed_size)));
  }
  return ranges;
}

function rangesOf(bytes: Buffer, chunkStart: number, chunkEnd: number): ReadRange[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ranges: ReadRange[] = [];
  let start = chunkStart;
  let pages: PageBody[] = [];
  for (let at = chunkStart; at < chunkEnd; ) {
    const reader = { view, offset: at };
    const header = parquetHeader(reader);
    // What of a page v2 is levels is not compressed.
    const levels = header.data_page_header_v2
      ? header.data_page_header_v2.repetition_levels_byte_length +
        header.data_page_header_v2.definition_levels_byte_length
      : 0;
    const end = reader.offset + header.compressed_page_size;
    const uncompressedBytes = header.uncompressed_page_size - levels;
    pages.push({ start: reader.offset + levels - start, end: end - start, uncompressedBytes });
    at = end;
    if (at - start >= RANGE_BYTES || at >= chunkEnd) {
      ranges.push({ start, end: at, pages });
      start = at;
      pages = [];
    }
  }
  return ranges;
}

function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** Gets a range of an object into a buffer that it fits in. @returns the part of the buffer that it took */
export type FetchRange = (name: string, start: number, end: number, into: Buffer) => Promise<Buffer>;

/** One object after another, one range ahead. */
export async function read(plans: readonly ReadPlan[], fetch: FetchRange): Promise<void> {
  for (const plan of plans) {
    if (plan.kind === 'gzip') await inflate(plan, fetch);
    else for await (const { bytes, range } of fetchAll(plan, fetch)) unsnappy(bytes, range.pages);
  }
}

async function* fetchAll({ name, ranges }: ReadPlan, fetch: FetchRange) {
  // One is used while the other is filled.
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.max(0, ...ranges.map(({ start, end }) => end - start))));
  const request = (at: number) => {
    const range = ranges[at];
    const into = buffers[at % 2];
    return range && into && { range, bytes: fetch(name, range.start, range.end, into) };
  };
  let next = request(0);
  for (let at = 1; next; at++) {
    const { range, bytes: coming } = next;
    const bytes = await coming;
    next = request(at);
    yield { bytes, range };
  }
}

function unsnappy(bytes: Buffer, pages: readonly PageBody[]): void {
  for (const { start, end, uncompressedBytes } of pages) {
    const output = compressors.SNAPPY?.(bytes.subarray(start, end), uncompressedBytes);
    if (output?.length !== uncompressedBytes) throw new Error('a page was not decompressed');
  }
}

async function inflate(plan: ReadPlan, fetch: FetchRange): Promise<void> {
  const stream = createGunzip({ chunkSize: INFLATED_PIECE_BYTES });
  const feeding = (async () => {
    for await (const { bytes } of fetchAll(plan, fetch)) {
      await new Promise<void>((resolve) => stream.write(bytes, () => resolve()));
    }
    stream.end();
  })();
  for await (const _piece of stream) {
    // Inflating is all that is wanted.
  }
  await feeding;
}
