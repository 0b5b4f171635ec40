import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { ZodError } from 'zod';
import { faultOf } from '../aws/fault.ts';
import { parseLine, parseQuarantineKey, type QuarantinedRecord, quarantineFolder } from './file.ts';

/** A file of the quarantine, as S3 lists it. */
export interface QuarantineFile {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  readonly tenant: string;
  readonly reason: string;
  readonly bytes: number;
  readonly writtenMs: number;
}

export interface QuarantineReaderDeps {
  readonly s3: Pick<S3Client, 'send'>;
  readonly signal: AbortSignal;
}

export interface QuarantineScope {
  readonly bucket: string;
  readonly prefix: string;
  readonly tenant: string | undefined;
  readonly reason: string | undefined;
}

/** Files of all tenants and reasons, or of those that the place names. */
export async function* listFiles(
  { s3, signal }: QuarantineReaderDeps,
  { bucket, prefix, tenant, reason }: QuarantineScope,
): AsyncGenerator<QuarantineFile, void, undefined> {
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: quarantineFolder(prefix, { tenant, reason }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
      { abortSignal: signal },
    );
    for (const { Key: key = '', Size: bytes = 0, LastModified, ETag: eTag = '' } of page.Contents ?? []) {
      const parts = parseQuarantineKey(prefix, key);
      if (!parts || (reason !== undefined && parts.reason !== reason)) continue;
      yield { bucket, key, eTag, ...parts, bytes, writtenMs: LastModified?.getTime() ?? 0 };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

/** A file cannot be read; the message says which and why. */
export class UnreadableQuarantine extends Error {}

/** The records of a file, one after another. @throws UnreadableQuarantine when it is not there, or not one of the service's */
export async function* readFile(
  { s3, signal }: QuarantineReaderDeps,
  { bucket, key }: Pick<QuarantineFile, 'bucket' | 'key'>,
): AsyncGenerator<QuarantinedRecord, void, undefined> {
  const { Body } = await s3
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
    .catch((error: unknown) => {
      if (faultOf(error) !== 'missing') throw error;
      throw new UnreadableQuarantine(
        `s3://${bucket}/${key} does not exist: \`log-distributor quarantine list --files\` shows what does`,
      );
    });
  if (!(Body instanceof Readable)) return;
  const text = createGunzip();
  // Its error is the stream's, which is thrown where it is read.
  pipeline(Body, text, () => {});
  try {
    for await (const line of linesOf(text)) if (line !== '') yield parseLine(line);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isForeign(cause)) throw cause;
    throw new UnreadableQuarantine(`s3://${bucket}/${key} is no file of the quarantine`, { cause });
  } finally {
    text.destroy();
  }
}

/** Whether the bytes are not what the service writes; anything else, such as a connection that breaks, says nothing of them. */
function isForeign(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return error instanceof SyntaxError || error instanceof ZodError || code?.startsWith('Z_') === true;
}

async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
