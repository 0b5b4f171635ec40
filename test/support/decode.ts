import {
  type Chunk,
  type DecodeLimits,
  type DecodeRequest,
  type Decoder,
  type Position,
  RECORD_FIELDS,
  START,
} from '../../service/core/chunk.ts';
import { recordText } from '../../service/core/record-text.ts';
import { openObject } from '../../service/object/open.ts';
import type { ByteSource } from '../../service/object/source.ts';
import type { Shape } from '../../service/object/text/shape.ts';
import { createTestKernel } from './kernel.ts';

export const LIMITS: DecodeLimits = {
  chunkBytesMax: 1_000_000,
  chunkRecordsMax: 10_000,
  chunkStoredBytesMax: 2_000_000,
  recordBytesMax: 100_000,
  decompressionRatioMax: 400,
};

/** One for all tests of a file, as a thread has one for all of its objects. */
export const kernel = createTestKernel();

export function open(source: ByteSource, limits: DecodeLimits = LIMITS, inputFormat?: Shape): Promise<Decoder> {
  return openObject(kernel, source, limits, new AbortController().signal, inputFormat);
}

/** A record as tests compare it: columns gathered into an object. */
export interface DecodedRecord {
  readonly timestampMs: number;
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly unparsable: string | undefined;
}

export function recordsOf(chunk: Chunk): DecodedRecord[] {
  return Array.from({ length: chunk.count }, (_, record) => ({
    timestampMs: chunk.timestampsMs[record] ?? 0,
    message: recordText(chunk, record),
    fields: Object.fromEntries(
      Object.entries(chunk.fields).map(([name, column]) => [name, column.values[column.index[record] ?? 0] ?? '']),
    ),
    unparsable: chunk.unparsable.get(record),
  }));
}

/** Chunks with all fields, unless the request says otherwise; checks what is true of every chunk. */
export async function* decodeFrom(
  decoder: Decoder,
  from: Position = START,
  request: Partial<DecodeRequest> = {},
): AsyncGenerator<Chunk> {
  const full: DecodeRequest = { fields: RECORD_FIELDS, messageFormat: 'message', limits: LIMITS, ...request };
  let expected = from;
  for await (const chunk of decoder.chunks(from, full, new AbortController().signal)) {
    checkChunk(chunk, expected);
    yield chunk;
    expected = chunk.next ?? expected;
  }
}

function checkChunk(chunk: Chunk, at: Position): void {
  if (chunk.at.record !== at.record || chunk.count === 0) throw new Error('chunks do not follow one another');
  if (chunk.next && chunk.next.record !== at.record + chunk.count) throw new Error('the next position is wrong');
  for (let record = 0; record < chunk.count; record++) {
    const size = Buffer.byteLength(recordText(chunk, record));
    if (chunk.messages.size[record] !== size) {
      throw new Error(`record ${record} has ${size} bytes, its chunk says ${chunk.messages.size[record]}`);
    }
  }
  for (const [name, { index, only }] of Object.entries(chunk.fields)) {
    if (only !== undefined && index.some((number) => number !== only)) throw new Error(`${name} is not ${only} only`);
  }
}

export async function decodeAll(
  source: ByteSource,
  request: Partial<DecodeRequest> = {},
  from: Position = START,
): Promise<DecodedRecord[]> {
  using decoder = await open(source, request.limits ?? LIMITS);
  const records: DecodedRecord[] = [];
  for await (const chunk of decodeFrom(decoder, from, request)) records.push(...recordsOf(chunk));
  return records;
}
