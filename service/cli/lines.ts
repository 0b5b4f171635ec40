import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { S3Url } from './arguments.ts';
import { CommandError } from './errors.ts';
import type { Context } from './session.ts';

/** Firehose and Vector take records of less than 24 MiB. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024;

/** The lines of an object, gzip or not. @throws CommandError when it is damaged */
export async function* readLines({ s3, signal }: Context, { bucket, key }: S3Url): AsyncGenerator<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  if (!(Body instanceof Readable)) return;
  const text = await decompressed(Body);
  try {
    yield* splitLines(text);
  } catch (cause) {
    signal.throwIfAborted();
    if (!(cause as NodeJS.ErrnoException).code?.startsWith('Z_')) throw cause;
    throw new CommandError(`s3://${bucket}/${key} is damaged gzip`);
  } finally {
    text.destroy();
    Body.destroy();
  }
}

/** By content: neither Firehose nor Vector keeps to one name for gzip. */
async function decompressed(body: Readable): Promise<Readable> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return Readable.from([]);
  const whole = Readable.from(prepend(first.value, chunks), { objectMode: false });
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return whole;
  const text = createGunzip();
  // Its error is the stream's, which is thrown where it is read.
  pipeline(whole, text, () => {});
  return text;
}

async function* prepend(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* splitLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Pieces of the line at hand: joined once, as a line may have very many.
  let parts: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    const [first = '', ...others] = decoder.decode(piece, { stream: true }).split('\n');
    parts.push(first);
    length += first.length;
    if (length > LINE_LENGTH_MAX) throw new CommandError('a line is longer than any record');
    const last = others.pop();
    if (last === undefined) continue;
    yield parts.join('');
    yield* others;
    parts = [last];
    length = last.length;
  }
  yield parts.join('');
}
