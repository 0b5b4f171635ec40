import { constants, crc32, deflateRawSync } from 'node:zlib';
import { encodeNdjson } from '../../../local/workload/ndjson.ts';
import { takeRecords } from '../../../local/workload/object.ts';
import { createRandom, type Random } from '../../../local/workload/random.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { keyOf } from '../../support/tenant.ts';
import type { HugeObject, HugeObjectOptions } from './huge-object.ts';

/** Of messages in a segment: its lines are all different, and those of all segments are. */
const SEGMENT_MESSAGE_BYTES = 500_000;
const SEGMENTS = 64;

/** What stands around the lines. */
interface Shape {
  readonly name: string;
  readonly before: string;
  /** The text of a segment, from its lines. */
  readonly segment: (lines: string) => string;
  readonly after: string;
}

export const LINES: Shape = { name: 'huge.log.gz', before: '', segment: (lines) => lines, after: '' };
/** One message of a CloudWatch Logs subscription. An event with an empty message stands in front, which is filtered: so each other has a comma. */
export const SUBSCRIPTION: Shape = {
  name: 'huge-subscription.gz',
  before: '{"messageType":"DATA_MESSAGE","owner":"111122223333","logEvents":[{"message":""}',
  segment: (lines) =>
    lines
      .trimEnd()
      .split('\n')
      .map((line) => `,${line}`)
      .join(''),
  after: '],"logGroup":"/huge"}',
};

/**
 * gzip text of any size, one member, in the memory of some segments. A deflate stream that is flushed in full forgets
 * what was before: segments that were compressed by themselves make one stream in whatever order they stand, so a random
 * order of them is a text that nobody holds. Only the checksum at its end has to be computed over all of it.
 */
export function createGzipObject({ seed, tenantId, bytes, nowMs }: HugeObjectOptions, shape = LINES): HugeObject {
  const random = createRandom(`${seed}/order`);
  const source = createRecordSource({ seed, tenantId, clusterId: 'eu-1', environment: 'prod' });
  const segments = Array.from({ length: SEGMENTS }, (_, at) => {
    const fromMs = nowMs - (SEGMENTS - at) * 60_000;
    const records = takeRecords(source, SEGMENT_MESSAGE_BYTES, fromMs, fromMs + 60_000);
    return { records, ...deflated(shape.segment(encodeNdjson(records).toString())) };
  });
  const [before, after] = [deflated(shape.before), deflated(shape.after)];
  const roundBytes = segments.reduce((sum, { text }) => sum + text.length, 0);
  const rounds = Math.ceil(bytes / roundBytes);
  const order = Array.from({ length: rounds }, () => shuffled(segments, random)).flat();
  const parts = [before, ...order, after];
  let checksum = 0;
  for (const { text } of parts) checksum = crc32(text, checksum);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE((before.text.length + rounds * roundBytes + after.text.length) % 2 ** 32, 4);
  return {
    key: keyOf(tenantId, shape.name),
    pieces: [HEADER, ...parts.map(({ pieces }) => pieces), END, trailer],
    records: segments.flatMap(({ records }) => records),
    rounds,
  };
}

/** A part of a deflate stream that stands by itself. */
function deflated(part: string): { readonly text: Buffer; readonly pieces: Buffer } {
  const text = Buffer.from(part);
  return { text, pieces: deflateRawSync(text, { level: 6, finishFlush: constants.Z_FULL_FLUSH }) };
}

/** No name, no time, written by nobody in particular (RFC 1952). */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** The last block, which is empty. */
const END = deflateRawSync(Buffer.alloc(0));

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => [random.uint32(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
