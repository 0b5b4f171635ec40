import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import type { Shape } from '../core/shape.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { binaryFormatOf, wrappingOf } from './container/magic.ts';
import { type Content, peel, sentenceOf } from './container/peel.ts';
import { corrupt, unsupported } from './corrupt.ts';
import { openParquet } from './parquet/decoder.ts';
import { openWrappedParquet } from './parquet/wrapped.ts';
import type { ByteSource } from './source.ts';
import { createTextDecoder } from './text/decoder.ts';
import { isText } from './text/is-text.ts';
import { shapeOf } from './text/shape.ts';

/** What of a wrapped text is looked at where its first kilobytes do not say how it goes on. */
const SHAPE_BYTES = 256 * 1024;
const PARQUET_MAGIC = 'PAR1';
const ENCRYPTED_PARQUET_MAGIC = 'PARE';

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
  inputFormat?: Shape,
): Promise<Decoder> {
  if (source.size === 0) return { format: 'empty', async *chunks() {}, [Symbol.dispose]() {} };
  const content = await peel(kernel, source, limits, isContent, signal);
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
    const format = binaryFormatOf(beginning.bytes) ?? 'an unknown format, whose first lines are no text,';
    throw unsupported(sentenceOf(format, wrappings));
  }
  return createTextDecoder(kernel, source, { shape: inputFormat ?? (await chooseShape(content)), wrappings });
}

async function chooseShape({ beginning, look }: Content): Promise<Shape> {
  const shape = shapeOf(beginning.bytes, beginning.whole);
  if (shape) return shape;
  const more = await look(SHAPE_BYTES);
  return shapeOf(more.bytes, more.whole) ?? 'ndjson';
}

function isContent(head: Buffer): boolean {
  return magicOf(head) === PARQUET_MAGIC || wrappingOf(head) !== undefined || isText(head);
}

function magicOf(head: Buffer): string {
  return head.toString('latin1', 0, PARQUET_MAGIC.length);
}
