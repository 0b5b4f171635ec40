import {
  type Chunk,
  type DecodeLimits,
  type DecodeRequest,
  type Decoder,
  FORM_TEXT,
  type Position,
} from '../../core/chunk.ts';
import { createChunkMeter, createTextColumnBuilder, grow } from '../columns.ts';
import { corrupt } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { type Compression, inflate } from './inflate.ts';
import { type JsonRecord, parseRecord } from './record.ts';
import { createArraySplitter, createLineSplitter, type Splitter } from './splitter.ts';

/**
 * Decoder of NDJSON and of JSON arrays, compressed or not. A position's cursor is the record's offset in the
 * uncompressed stream: a plain object is read from there; a compressed one must be inflated up to it, but not parsed.
 */
export interface TextFormat {
  readonly layout: 'ndjson' | 'json-array';
  readonly compression: Compression | undefined;
}

export function createTextDecoder(source: ByteSource, { layout, compression }: TextFormat): Decoder {
  return {
    format: compression ? `${layout}+${compression}` : layout,
    async *chunks(from, request, signal) {
      const { limits } = request;
      const offset = from.cursor === '' ? 0 : Number(from.cursor);
      if (!Number.isSafeInteger(offset) || offset < 0) throw corrupt(`the cursor ${from.cursor} is no byte offset`);
      const createSplitter = layout === 'ndjson' ? createLineSplitter : createArraySplitter;
      const splitter = createSplitter(offset, limits.recordBytesMax);
      yield* cutChunks(piecesFrom(source, compression, offset, limits, signal), splitter, from, request);
    },
  };
}

/** The uncompressed stream from `offset` on. */
async function* piecesFrom(
  source: ByteSource,
  compression: Compression | undefined,
  offset: number,
  limits: DecodeLimits,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!compression) {
    yield* source.stream(offset, signal);
    return;
  }
  let skip = offset;
  for await (const piece of inflate(source.stream(0, signal), compression, source.size, limits.decompressionRatioMax)) {
    if (piece.length > skip) yield skip === 0 ? piece : piece.subarray(skip);
    skip = Math.max(0, skip - piece.length);
  }
  if (skip > 0) throw corrupt(`the object ends ${skip} bytes before the saved position`);
}

async function* cutChunks(
  pieces: AsyncIterable<Uint8Array>,
  splitter: Splitter,
  from: Position,
  request: DecodeRequest,
): AsyncGenerator<Chunk, void, undefined> {
  const meter = createChunkMeter(request.limits);
  let builder = createBuilder(from, request);

  function* drain(): Generator<Chunk, void, undefined> {
    while (splitter.next()) {
      const text = splitter.bytes.toString('utf8', splitter.start, splitter.stop);
      const line = readLine(text, request.messageFormat);
      const size = Buffer.byteLength(line.message);
      if (!meter.admit(size)) {
        const next = { record: builder.at.record + builder.count, cursor: String(splitter.offset) };
        yield builder.build(next);
        builder = createBuilder(next, request);
        meter.reset();
        meter.admit(size);
      }
      builder.add(line, size);
    }
  }

  for await (const piece of pieces) {
    splitter.push(piece);
    yield* drain();
  }
  splitter.end();
  yield* drain();
  if (builder.count > 0) yield builder.build(null);
}

interface Line {
  readonly message: string;
  /** undefined: the line is no record, for the reason in `problem`. */
  readonly record: JsonRecord | undefined;
  readonly problem: string;
}

function readLine(text: string, messageFormat: DecodeRequest['messageFormat']): Line {
  try {
    const record = parseRecord(text);
    return { message: messageFormat === 'message' ? (record.message ?? text) : text, record, problem: '' };
  } catch (error) {
    return { message: text, record: undefined, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Messages of a chunk are collected in one buffer of this size at first. */
const MESSAGE_BYTES_START = 1024 * 1024;
const RECORDS_START = 4_096;
/** An error message of JSON.parse quotes the text that it dislikes; that is the tenant's, and stays in the record. */
const PROBLEM = 'not a JSON object';

function createBuilder(at: Position, { fields, limits }: DecodeRequest) {
  const columns = fields.map((name) => ({ name, builder: createTextColumnBuilder() }));
  const unparsable = new Map<number, string>();
  let bytes = Buffer.allocUnsafeSlow(Math.min(MESSAGE_BYTES_START, limits.chunkBytesMax));
  let used = 0;
  let count = 0;
  let start = new Uint32Array(RECORDS_START);
  let sizes = new Uint32Array(RECORDS_START);
  let timestampsMs = new Float64Array(RECORDS_START);

  return {
    at,
    get count() {
      return count;
    },
    add({ message, record }: Line, size: number): void {
      if (used + size > bytes.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(used + size, bytes.length * 2));
        bytes.copy(grown, 0, 0, used);
        bytes = grown;
      }
      if (count === start.length) {
        start = grow(start, count + 1);
        sizes = grow(sizes, count + 1);
        timestampsMs = grow(timestampsMs, count + 1);
      }
      bytes.write(message, used, 'utf8');
      start[count] = used;
      sizes[count] = size;
      timestampsMs[count] = record ? record.timestampMs : Number.NaN;
      for (const { name, builder } of columns) builder.set(count, record ? builder.idOf(record.field(name)) : 0);
      if (!record) unparsable.set(count, PROBLEM);
      used += size;
      count++;
    },
    build(next: Position | null): Chunk {
      return {
        at,
        next,
        count,
        timestampsMs: timestampsMs.subarray(0, count),
        messages: {
          bytes: bytes.subarray(0, used),
          start: start.subarray(0, count),
          length: sizes.subarray(0, count),
          size: sizes.subarray(0, count),
          form: new Uint8Array(count).fill(FORM_TEXT),
        },
        fields: Object.fromEntries(columns.map(({ name, builder }) => [name, builder.build(count)])),
        unparsable,
      };
    },
  };
}
