import { DistributorError } from '../../base/errors.ts';
import type { DecodeLimits } from '../../core/chunk.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { unsupported } from '../corrupt.ts';
import type { ByteSource } from '../source.ts';
import { PIECE_BYTES } from './inflate.ts';
import { unwrap } from './unwrap.ts';
import { possibleWrappings, unreadWrappingOf, type Wrapping, wrappingOf } from './wrappings.ts';

/** The content of an object within all that is around it, as far as its beginning shows. */
export interface Content {
  /** The outermost first. */
  readonly wrappings: readonly Wrapping[];
  readonly beginning: Beginning;
  /** Its beginning up to about so many bytes, from what is at hand of the object. */
  look(bytes: number): Promise<Beginning>;
}

export interface Beginning {
  readonly bytes: Buffer;
  /** There is no more. */
  readonly whole: boolean;
}

/** What an object may hold within all wrappings. */
export interface ContentFormats {
  /** Whether bytes are the beginning of it. */
  isContent(head: Buffer): boolean;
  /** The name of a format that is known and not read. */
  unreadFormatOf(head: Buffer): string | undefined;
}

/** What a source on S3 has at hand from its opening: enough for every magic number, and for the first block of any compression. */
export const HEAD_BYTES = 1024 * 1024;
/** What is looked at of something that is wrapped: most shapes show in less. */
const FIRST_BYTES = 16 * 1024;
/** Of an object that is this small the whole content is looked at, so that its decoder need not unwrap it again. */
const SMALL_BYTES = 64 * 1024;
/** As long as the content is no larger than this. */
const SMALL_CONTENT_BYTES = PIECE_BYTES;
/** So far is read to see whether something comes out even, where not all of it is at hand anyway. */
const TRIAL_BYTES = 1024 * 1024;
/** gzip in gzip happens, and UTF-16 within it; what goes deeper was made to keep a decoder busy. */
const WRAPPINGS_MAX = 4;

/**
 * Finds what is around an object's content. A magic number decides; what has none is tried, and believed when it comes out even and
 * is content.
 * @throws DistributorError `object-unsupported` with the name of a format that is not read
 */
export async function peel(
  kernel: Kernel,
  source: ByteSource,
  limits: DecodeLimits,
  { isContent, unreadFormatOf }: ContentFormats,
  signal: AbortSignal,
): Promise<Content> {
  const read = await source.read(0, Math.min(source.size, HEAD_BYTES), signal);
  const head = Buffer.from(read.buffer, read.byteOffset, read.byteLength);
  const outermost = { bytes: head, whole: source.size <= head.length };
  const firstBytes = source.size <= SMALL_BYTES ? SMALL_CONTENT_BYTES : FIRST_BYTES;
  const options = {
    sizeBytes: source.size,
    ratioMax: limits.decompressionRatioMax,
    pieceBytes: firstBytes,
  };
  const sample = (wrappings: readonly Wrapping[], bytesMax: number, readBytesMax = bytesMax) =>
    takeSample(unwrap(kernel, headOf(outermost), wrappings, options), bytesMax, readBytesMax);
  const trialBytes = outermost.whole ? Number.POSITIVE_INFINITY : TRIAL_BYTES;

  const tried = async (wrappings: readonly Wrapping[], { bytes, whole }: Beginning): Promise<Wrapping | undefined> => {
    const size = wrappings.length === 0 ? source.size : whole ? bytes.length : undefined;
    for (const wrapping of possibleWrappings(bytes, size)) {
      const found = await sample([...wrappings, wrapping], FIRST_BYTES, trialBytes);
      if (!found.broken && found.bytes.length > 0 && isContent(found.bytes)) return wrapping;
    }
    return undefined;
  };

  const wrappings: Wrapping[] = [];
  let beginning: Beginning = outermost;
  for (;;) {
    const unread = unreadWrappingOf(beginning.bytes) ?? unreadFormatOf(beginning.bytes);
    if (unread) throw unsupported(sentenceOf(unread, wrappings));
    const wrapping = wrappingOf(beginning.bytes) ?? (await tried(wrappings, beginning));
    if (!wrapping) break;
    wrappings.push(wrapping);
    if (wrappings.length > WRAPPINGS_MAX) {
      throw unsupported(`more than ${WRAPPINGS_MAX} wrappings one within another: ${wrappings.join(', ')}`);
    }
    beginning = await sample(wrappings, firstBytes);
  }
  return {
    wrappings,
    beginning,
    look: async (bytes) => (wrappings.length === 0 ? outermost : await sample(wrappings, bytes)),
  };
}

const ADVICE = 'write JSON lines or Parquet, plain or with gzip or zstd';

/** What a dead letter says of an object that is not read, and what to do. */
export function sentenceOf(format: string, wrappings: readonly Wrapping[], advice = ADVICE): string {
  const where = wrappings.length === 0 ? '' : ` within ${wrappings.toReversed().join(' within ')}`;
  return `${format}${where} is not read: ${advice}`;
}

/** Stands for what of the object is not at hand. */
class NotAtHand extends Error {}

async function* headOf({ bytes, whole }: Beginning): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
  if (!whole) throw new NotAtHand();
}

/**
 * The beginning of a stream whose end may not be at hand. What is broken in it will be found again by whoever reads it all.
 * @param readBytesMax more than `bytesMax` to see whether something is broken behind it
 */
async function takeSample(
  pieces: AsyncIterable<Uint8Array>,
  bytesMax: number,
  readBytesMax: number,
): Promise<Beginning & { readonly broken: boolean }> {
  const taken: Buffer[] = [];
  let bytes = 0;
  let whole = true;
  let broken = false;
  try {
    for await (const piece of pieces) {
      if (bytes >= bytesMax) whole = false;
      // A piece is good until the next one is asked for.
      else taken.push(Buffer.from(piece));
      bytes += piece.length;
      if (bytes >= readBytesMax) {
        whole = false;
        break;
      }
    }
  } catch (error) {
    broken = !(error instanceof NotAtHand);
    if (broken && !(error instanceof DistributorError)) throw error;
    whole = false;
  }
  return { bytes: taken.length === 1 && taken[0] ? taken[0] : Buffer.concat(taken), whole, broken };
}
