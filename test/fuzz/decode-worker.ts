/**
 * Decodes what it is sent, in a thread that may be killed: a decoder that hangs or grows takes only it along. Answers with
 * what became of the object, or with what no decoder may do.
 */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { DistributorError } from '../../service/base/errors.ts';
import {
  type Chunk,
  type DecodeLimits,
  type DecodeRequest,
  type Position,
  RECORD_FIELDS,
  START,
} from '../../service/core/chunk.ts';
import { recordText } from '../../service/core/record-text.ts';
import { openObject } from '../../service/object/open.ts';
import { type ByteSource, memorySource } from '../../service/object/source.ts';
import { createTestKernel } from '../support/kernel.ts';

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
  | { readonly kind: 'decoded'; readonly texts: readonly string[]; readonly unparsable: number }
  | { readonly kind: 'refused'; readonly why: string }
  /** A broken promise of the decoder. */
  | { readonly kind: 'broken'; readonly why: string };

const port = parentPort;
if (!port) throw new Error('runs in a worker thread only');
const never = new AbortController().signal;
const kernel = createTestKernel();
/** What an object of default settings is admitted for at most. */
const MEMORY = { grantedBytes: 192 * 1024 * 1024, mostBytes: 192 * 1024 * 1024 };
/** Reads and pieces of the source. The smallest pieces of the largest seed are looked at a few times: who needs more goes round in circles. */
const STEPS_MAX = 2_000_000;
/** Of an object that is right and has more of them (nine million equal rows), what comes behind is left. */
const RECORDS_MAX = 20_000;
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

port.on('message', async (one: DecodeCase) => port.postMessage(await outcomeOf(one)));

async function outcomeOf(one: DecodeCase): Promise<DecodeOutcome> {
  try {
    const outcome = await decode(one);
    return kernel.memory.lent === 0
      ? outcome
      : broken(`${kernel.memory.lent} bytes of the kernel's memory are not given back`);
  } catch (error) {
    if (error instanceof DistributorError && error.disposition === 'dead-letter') {
      return { kind: 'refused', why: error.message };
    }
    return broken(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

const broken = (why: string): DecodeOutcome => ({ kind: 'broken', why });

async function decode(one: DecodeCase): Promise<DecodeOutcome> {
  const digests: string[] = [];
  const positions: Position[] = [START];
  const texts: string[] = [];
  let unparsable = 0;
  await eachChunk(one, START, (chunk) => {
    if (JSON.stringify(chunk.at) !== JSON.stringify(positions.at(-1)))
      throw new Error('a chunk does not begin where the last one ended');
    checkChunk(chunk, one.limits);
    digests.push(digest(chunk));
    texts.push(...textsOf(chunk));
    unparsable += chunk.unparsable.size;
    if (chunk.next) positions.push(chunk.next);
  });
  // Whoever goes on from a position sees what came behind it, and nothing else.
  const from = positions[one.resumeAt];
  if (from && one.resumeAt > 0) {
    const expected = digests.slice(one.resumeAt);
    const again: string[] = [];
    await eachChunk(one, from, (chunk) => again.push(digest(chunk)));
    // It may have gone further, as it began later.
    if (again.slice(0, expected.length).join() !== expected.join())
      throw new Error(`decoded again from chunk ${one.resumeAt} it is another`);
  }
  return { kind: 'decoded', texts, unparsable };
}

async function eachChunk(one: DecodeCase, from: Position, visit: (chunk: Chunk) => void): Promise<void> {
  const { name, bytes, limits, messageFormat, pieceBytes } = one;
  const source = counted(memorySource(name, bytes, pieceBytes));
  using decoder = await openObject(kernel, source, limits, never);
  const request = { fields: RECORD_FIELDS, messageFormat, limits, memory: MEMORY };
  let records = 0;
  let textBytes = 0;
  for await (const chunk of decoder.chunks(from, request, never)) {
    visit(chunk);
    records += chunk.count;
    for (const size of chunk.messages.size) textBytes += size;
    if (records > RECORDS_MAX || textBytes > TEXT_BYTES_MAX) return;
  }
}

/** Throws when there are too many steps: a loop that has no end needs no clock to be seen. */
function counted(source: ByteSource): ByteSource {
  let steps = 0;
  const step = () => {
    if (++steps > STEPS_MAX) throw new Error(`more than ${STEPS_MAX} steps for ${source.size} bytes`);
  };
  return {
    ...source,
    read(...args) {
      step();
      return source.read(...args);
    },
    async *stream(...args) {
      for await (const piece of source.stream(...args)) {
        step();
        yield piece;
      }
    },
  };
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

function textsOf(chunk: Chunk): string[] {
  return Array.from({ length: chunk.count }, (_, record) => recordText(chunk, record));
}

/** Also reads every message, and holds its size against its text. */
function digest(chunk: Chunk): string {
  const texts = textsOf(chunk);
  for (const [record, text] of texts.entries()) {
    if (Buffer.byteLength(text) !== chunk.messages.size[record]) throw new Error(`record ${record} has another size`);
  }
  const fields = Object.entries(chunk.fields).map(([name, { values, index }]) => [
    name,
    Array.from(index, (i) => values[i]),
  ]);
  const all = [chunk.at, chunk.next, texts, [...chunk.timestampsMs], fields, [...chunk.unparsable]];
  return createHash('sha256').update(JSON.stringify(all)).digest('base64');
}
