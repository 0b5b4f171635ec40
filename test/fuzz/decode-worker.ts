/**
 * Decodes what it is sent, in a thread that may be killed: a decoder that hangs or grows takes only it along. Answers with
 * what became of the object, or with what no decoder may do.
 */
import { parentPort } from 'node:worker_threads';
import { DistributorError } from '../../service/base/errors.ts';
import { type Chunk, type DecodeLimits, type DecodeRequest, RECORD_FIELDS, START } from '../../service/core/chunk.ts';
import { recordText } from '../../service/core/record-text.ts';
import { openObject } from '../../service/object/open.ts';
import { memorySource } from '../../service/object/source.ts';

export interface DecodeCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly limits: DecodeLimits;
  readonly messageFormat: DecodeRequest['messageFormat'];
  /** The source gives pieces of this size. */
  readonly pieceBytes: number;
  /** From which of its chunks the object is decoded again; beyond the last one: none. */
  readonly resumeAt: number;
}

export type DecodeOutcome =
  | { readonly kind: 'decoded'; readonly records: number; readonly unparsable: number; readonly messageBytes: number }
  | { readonly kind: 'corrupt'; readonly why: string }
  /** A broken promise of the decoder. */
  | { readonly kind: 'broken'; readonly why: string };

const port = parentPort;
if (!port) throw new Error('runs in a worker thread only');
const never = new AbortController().signal;

port.on('message', async (one: DecodeCase) => port.postMessage(await outcomeOf(one)));

async function outcomeOf(one: DecodeCase): Promise<DecodeOutcome> {
  try {
    return await decode(one);
  } catch (error) {
    if (error instanceof DistributorError && error.code === 'object-corrupt') {
      return { kind: 'corrupt', why: error.message };
    }
    return { kind: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function decode(one: DecodeCase): Promise<DecodeOutcome> {
  const chunks: string[] = [];
  const positions = [START];
  const sum = { records: 0, unparsable: 0, messageBytes: 0 };
  for await (const chunk of await open(one, START)) {
    const at = positions.at(-1);
    if (JSON.stringify(chunk.at) !== JSON.stringify(at))
      throw new Error('a chunk does not begin where the last one ended');
    checkChunk(chunk, one.limits);
    chunks.push(digest(chunk));
    sum.records += chunk.count;
    sum.unparsable += chunk.unparsable.size;
    sum.messageBytes += chunk.messages.size.reduce((bytes, size) => bytes + size, 0);
    if (!chunk.next) break;
    positions.push(chunk.next);
  }
  // Whoever goes on from a position sees what came behind it, and nothing else.
  const from = positions[one.resumeAt];
  if (from && one.resumeAt > 0) {
    const again: string[] = [];
    for await (const chunk of await open(one, from)) again.push(digest(chunk));
    const rest = chunks.slice(one.resumeAt);
    if (JSON.stringify(again) !== JSON.stringify(rest))
      throw new Error(`decoded again from chunk ${one.resumeAt} it is another`);
  }
  return { kind: 'decoded', ...sum };
}

async function open({ name, bytes, limits, messageFormat, pieceBytes }: DecodeCase, from: typeof START) {
  const decoder = await openObject(memorySource(name, bytes, pieceBytes), limits, never);
  return decoder.chunks(from, { fields: RECORD_FIELDS, messageFormat, limits }, never);
}

/** The end of a chunk must be known again, and its bytes must be within its limits. */
function checkChunk({ count, messages, next, at, timestampsMs, fields }: Chunk, limits: DecodeLimits): void {
  if (count === 0) throw new Error('a chunk without records');
  if (count > limits.chunkRecordsMax) throw new Error(`a chunk of ${count} records`);
  if (next && next.record !== at.record + count) throw new Error('the next position is wrong');
  if (timestampsMs.length !== count) throw new Error('times are missing');
  for (const column of Object.values(fields)) {
    if (column.index.length !== count) throw new Error('fields are missing');
    for (const index of column.index) if (index >= column.values.length) throw new Error('a field has no value');
  }
  let bytes = 0;
  for (const size of messages.size) bytes += size + 26;
  if (count > 1 && bytes > limits.chunkBytesMax) throw new Error(`a chunk of ${bytes} bytes`);
}

/** Also reads every message, and holds its size against its text. */
function digest(chunk: Chunk): string {
  const texts = Array.from({ length: chunk.count }, (_, record) => recordText(chunk, record));
  for (const [record, text] of texts.entries()) {
    if (Buffer.byteLength(text) !== chunk.messages.size[record]) throw new Error(`record ${record} has another size`);
  }
  const fields = Object.entries(chunk.fields).map(([name, { values, index }]) => [
    name,
    Array.from(index, (i) => values[i]),
  ]);
  return JSON.stringify([chunk.at, chunk.next, texts, [...chunk.timestampsMs], fields, [...chunk.unparsable]]);
}
