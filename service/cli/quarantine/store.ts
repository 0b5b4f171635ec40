import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { faultOf } from '../../aws/fault.ts';
import type { ObjectRef } from '../../core/notification.ts';
import { CommandError } from '../errors.ts';
import { parseLine, parseQuarantineKey, type QuarantinedRecord, type QuarantineFile } from './file.ts';

/** The quarantine, for people. */

export interface StoreDeps {
  readonly s3: Pick<S3Client, 'send'>;
  readonly signal: AbortSignal;
}

export interface Place {
  readonly bucket: string;
  readonly prefix: string;
  readonly tenant: string | undefined;
  readonly reason: string | undefined;
}

/** Files of all tenants and reasons, or of those that the place names. */
export async function* listFiles(
  { s3, signal }: StoreDeps,
  { bucket, prefix, tenant, reason }: Place,
): AsyncGenerator<QuarantineFile, void, undefined> {
  const within = tenant === undefined ? prefix : `${prefix}tenant_id=${encodeURIComponent(tenant)}/`;
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: tenant !== undefined && reason !== undefined ? `${within}reason=${reason}/` : within,
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

/** The records of a file, one after another. @throws CommandError when it is not there, or not one of the service's */
export async function* readFile(
  { s3, signal }: StoreDeps,
  { bucket, key }: Pick<QuarantineFile, 'bucket' | 'key'>,
): AsyncGenerator<QuarantinedRecord, void, undefined> {
  const { Body } = await s3
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal })
    .catch((error: unknown) => {
      if (faultOf(error) !== 'missing') throw error;
      throw new CommandError(
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
    throw new CommandError(`s3://${bucket}/${key} is no file of the quarantine`, undefined, { cause });
  } finally {
    text.destroy();
  }
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

/**
 * The object of this version as a notification would name it: the ledger's version may be an ETag or a version id.
 * @returns undefined when it is gone
 */
export async function findVersion(
  { s3, signal }: StoreDeps,
  { bucket, key, version }: Pick<ObjectRef, 'bucket' | 'key' | 'version'>,
): Promise<ObjectRef | undefined> {
  const head = async (versionId: string | undefined): Promise<ObjectRef | undefined> => {
    try {
      const found = await s3.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key, ...(versionId ? { VersionId: versionId } : {}) }),
        { abortSignal: signal },
      );
      const eTag = (found.ETag ?? '').replaceAll('"', '');
      if (versionId === undefined && eTag !== version) return undefined;
      return { bucket, key, version, versionId, size: found.ContentLength, createdMs: found.LastModified?.getTime() };
    } catch (error) {
      // An ETag is no version id, which S3 calls invalid.
      if (faultOf(error) === 'missing' || faultOf(error) === 'invalid') return undefined;
      throw error;
    }
  };
  return (await head(undefined)) ?? (await head(version));
}
