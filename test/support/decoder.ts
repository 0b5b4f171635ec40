import type { Chunk, Decoder, Position } from '../../service/core/chunk.ts';
import { buildChunk, type RecordSpec } from './chunk.ts';

export interface MemoryDecoderOptions {
  readonly recordsPerChunk: number;
  readonly format?: string;
  /** Called before each chunk is made, with the ordinal of its first record; what it throws is what decoding throws. */
  readonly onChunk?: (record: number) => void | Promise<void>;
}

/** A decoder over records in memory that keeps the contract of the real ones: '' is the start, a cursor is a place. */
export function createMemoryDecoder(
  records: readonly RecordSpec[],
  { recordsPerChunk, format = 'ndjson', onChunk = () => {} }: MemoryDecoderOptions,
): Decoder {
  return {
    format,
    async *chunks(from, request, signal): AsyncGenerator<Chunk, void, undefined> {
      for (let start = from.cursor === '' ? 0 : Number(from.cursor); start < records.length; start += recordsPerChunk) {
        signal.throwIfAborted();
        await onChunk(start);
        const end = start + recordsPerChunk;
        const next: Position | null = end < records.length ? { record: end, cursor: String(end) } : null;
        const at = { record: start, cursor: start === 0 ? '' : String(start) };
        yield buildChunk(records.slice(start, end), { at, next, columns: request.fields });
      }
    },
    [Symbol.dispose]() {},
  };
}
