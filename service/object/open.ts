import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type Content, type ContentFormats, peel, sentenceOf } from './container/peel.ts';
import { bytesOf, nameBySign, type Sign } from './container/signs.ts';
import { UNREAD_BINARY_WRAPPINGS, wrappingOf } from './container/wrappings.ts';
import { corrupt, unsupported } from './corrupt.ts';
import { openParquet } from './parquet/decoder.ts';
import { openWrappedParquet } from './parquet/wrapped.ts';
import type { ByteSource } from './source.ts';
import { createTextDecoder } from './text/decoder.ts';
import { isText } from './text/is-text.ts';
import { type Shape, shapeOf } from './text/shape.ts';

/** What of a wrapped text is looked at where its first kilobytes do not say how it goes on. */
const SHAPE_BYTES = 256 * 1024;
const PARQUET_MAGIC = 'PAR1';
const ENCRYPTED_PARQUET_MAGIC = 'PARE';

/** Formats of files that are known by a magic number, and not read. */
export const UNREAD_FORMATS: readonly (readonly [string, Sign])[] = [
  ['Avro', bytesOf('4f 62 6a 01')],
  ['Arrow', bytesOf('41 52 52 4f 57 31 00 00')],
  ['SQLite', bytesOf('53 51 4c 69 74 65 20 66 6f 72 6d 61 74 20 33 00')],
];
/** The same by bytes that text might begin with too. */
export const UNREAD_BINARY_FORMATS: readonly (readonly [string, Sign])[] = [['ORC', Buffer.from('ORC')]];
const UNREAD_BINARY = [...UNREAD_BINARY_WRAPPINGS, ...UNREAD_BINARY_FORMATS];

const CONTENT: ContentFormats = {
  isContent: (head) => magicOf(head) === PARQUET_MAGIC || wrappingOf(head) !== undefined || isText(head),
  unreadFormatOf: (head) => nameBySign(UNREAD_FORMATS, head),
};

/**
 * Opens an object: its first bytes decide what it is, whatever it is called, and what is around it. Text of no other shape is NDJSON,
 * line by line; a line that is no JSON object is its own trouble, not the object's.
 * @param inputFormat the shape that the object has if it is text, where somebody knows
 * @throws DistributorError `object-corrupt`, or `object-unsupported` with the name of a format that is not read
 */
export async function openObject(
  kernel: Kernel,
  source: ByteSource,
  limits: DecodeLimits,
  signal: AbortSignal,
  inputFormat?: string,
): Promise<Decoder> {
  if (source.size === 0) return { format: 'empty', async *chunks() {}, [Symbol.dispose]() {} };
  const content = await peel(kernel, source, limits, CONTENT, signal);
  const { wrappings, beginning } = content;
  const magic = magicOf(beginning.bytes);
  if (magic === PARQUET_MAGIC) {
    return wrappings.length === 0
      ? openParquet(kernel, source, signal)
      : openWrappedParquet(kernel, source, wrappings, limits, signal);
  }
  if (magic === ENCRYPTED_PARQUET_MAGIC) {
    throw unsupported(
      sentenceOf('encrypted Parquet', wrappings, 'only its writer has the keys; write it without encryption'),
    );
  }
  // Without its magic number the object is none, and none of its lines would be one.
  if (wrappings.length === 0 && source.name.endsWith('.parquet')) {
    throw corrupt('its name says Parquet, its first bytes do not');
  }
  if (!inputFormat && !isText(beginning.bytes)) {
    const format = nameBySign(UNREAD_BINARY, beginning.bytes) ?? 'an unknown format, whose first lines are no text,';
    throw unsupported(sentenceOf(format, wrappings));
  }
  return createTextDecoder(kernel, source, {
    shape: inputFormat ?? (await chooseShape(content)),
    wrappings,
    content: wrappings.length > 0 && beginning.whole ? beginning.bytes : undefined,
  });
}

async function chooseShape({ beginning, look }: Content): Promise<Shape> {
  const shape = shapeOf(beginning.bytes, beginning.whole);
  if (shape) return shape;
  const more = await look(SHAPE_BYTES);
  return shapeOf(more.bytes, more.whole) ?? 'ndjson';
}

function magicOf(head: Buffer): string {
  return head.toString('latin1', 0, PARQUET_MAGIC.length);
}
