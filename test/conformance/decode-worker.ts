/**
 * Decodes files for test/conformance/main.ts, in a thread that is watched: as the service would, in both formats of messages, and compares
 * whole records with what pyarrow says of them.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { DistributorError } from '../../service/base/errors.ts';
import { type DecodeRequest, RECORD_FIELDS, START } from '../../service/core/chunk.ts';
import { recordText } from '../../service/core/record-text.ts';
import { DECODE_LIMITS } from '../../service/object/decode-limits.ts';
import { openObject } from '../../service/object/open.ts';
import { memorySource } from '../../service/object/source.ts';
import { createTestKernel } from '../support/kernel.ts';
import { differenceOf } from './compare.ts';
import { parseExact } from './exact-json.ts';

export interface ConformanceCase {
  readonly file: string;
  /** Where pyarrow's rows are; undefined when it has none. */
  readonly expected: string | undefined;
  /** Rows that were written of it at most. */
  readonly rowsMax: number;
}

export type ConformanceOutcome =
  | {
      readonly kind: 'equal' | 'unchecked';
      readonly format: string;
      readonly records: number;
      readonly unshown: number;
    }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  | { readonly kind: 'different' | 'crashed'; readonly reason: string };

const port = parentPort;
if (!port) throw new Error('runs in a worker thread only');
const never = new AbortController().signal;
const kernel = createTestKernel();
/** What an object of default settings is admitted for at most. */
const MEMORY = { grantedBytes: 192 * 1024 * 1024, mostBytes: 192 * 1024 * 1024 };
/** These say something of the object. */
const REFUSALS: readonly string[] = ['object-corrupt', 'object-unsupported', 'object-too-large'];

port.on('message', async (one: ConformanceCase) => port.postMessage(await outcomeOf(one)));

async function outcomeOf({ file, expected, rowsMax }: ConformanceCase): Promise<ConformanceOutcome> {
  try {
    const bytes = new Uint8Array(readFileSync(file));
    // What is around it stands behind.
    const [format] = (await formatOf(file, bytes)).split('+');
    const isParquet = format === 'parquet';
    using rows = expected === undefined || !isParquet ? undefined : readLines(expected);
    const known: Known[] = [];
    const found = await decode(file, bytes, 'record', (text, record) => {
      if (!isParquet || record >= rowsMax) return;
      known.push(knownOf(text));
      if (!rows) return;
      const row = rows.next();
      const difference = row === undefined ? ': pyarrow has no such row' : differenceOf(text, row);
      if (difference !== undefined) throw new Different(`record ${record}${difference}`);
    });
    if (rows?.next() !== undefined) throw new Different(`pyarrow has more than ${found.records} rows`);
    const asMessages = await decode(file, bytes, 'message', (text, record, timestampMs) => {
      const { message = text, timestampMs: ms = timestampMs } = known[record] ?? {};
      // As a member of a record, bytes that are no text stand in base64.
      if (text !== message && !text.includes('\ufffd'))
        throw new Different(`record ${record}: its message is not that of the whole record`);
      if (!Object.is(ms, timestampMs)) throw new Different(`record ${record}: at ${timestampMs}, not ${ms}`);
    });
    if (asMessages.records !== found.records) throw new Different(`${asMessages.records} messages of ${found.records}`);
    if (kernel.memory.lent !== 0) throw new Error(`${kernel.memory.lent} bytes of the kernel's memory are lent`);
    return { kind: rows ? 'equal' : 'unchecked', ...found };
  } catch (error) {
    if (error instanceof Different) return { kind: 'different', reason: error.message };
    if (error instanceof DistributorError && REFUSALS.includes(error.code)) {
      return { kind: 'refused', code: error.code, reason: error.message };
    }
    return { kind: 'crashed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

class Different extends Error {}

async function formatOf(file: string, bytes: Uint8Array): Promise<string> {
  using decoder = await openObject(kernel, memorySource(basename(file), bytes), DECODE_LIMITS, never);
  return decoder.format;
}

/** What a whole record of Parquet says that is read in another way too: its message, and when it was. */
interface Known {
  readonly message?: string;
  readonly timestampMs?: number;
}

const RFC3339 = /^[+-]?\d+-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/;

function knownOf(record: string): Known {
  const json = parseExact(record);
  const member = (name: string): string | undefined => {
    const [, value] = (json.kind === 'object' ? json.members : []).find(([each]) => each === name) ?? [];
    return value?.kind === 'string' ? value.value : undefined;
  };
  const timestamp = member('timestamp');
  const message = member('message');
  return {
    ...(message === undefined ? {} : { message }),
    ...(timestamp !== undefined && RFC3339.test(timestamp) ? { timestampMs: Date.parse(timestamp) } : {}),
  };
}

async function decode(
  file: string,
  bytes: Uint8Array,
  messageFormat: DecodeRequest['messageFormat'],
  visit: (text: string, record: number, timestampMs: number) => void,
): Promise<{ format: string; records: number; unshown: number }> {
  using decoder = await openObject(kernel, memorySource(basename(file), bytes), DECODE_LIMITS, never);
  const request = { fields: RECORD_FIELDS, messageFormat, limits: DECODE_LIMITS, memory: MEMORY };
  let records = 0;
  let unshown = 0;
  for await (const chunk of decoder.chunks(START, request, never)) {
    if (chunk.at.record !== records) throw new Error('a chunk does not begin where the last one ended');
    for (let at = 0; at < chunk.count; at++) {
      visit(recordText(chunk, at), records + at, chunk.timestampsMs[at] ?? Number.NaN);
    }
    records += chunk.count;
    unshown += (chunk.unshown?.values ?? 0) + (chunk.unshown?.columns ?? 0);
  }
  return { format: decoder.format, records, unshown };
}

const PIECE_BYTES = 1024 * 1024;

/** Lines of a file, one after the other, however large it is. */
function readLines(file: string): Disposable & { next(): string | undefined } {
  const descriptor = openSync(file, 'r');
  const piece = Buffer.alloc(PIECE_BYTES);
  let rest = Buffer.alloc(0);
  return {
    next() {
      for (;;) {
        const end = rest.indexOf(0x0a);
        if (end !== -1) {
          const line = rest.toString('utf8', 0, end);
          rest = rest.subarray(end + 1);
          return line;
        }
        const read = readSync(descriptor, piece);
        if (read === 0) return undefined;
        rest = Buffer.concat([rest, piece.subarray(0, read)]);
      }
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}
