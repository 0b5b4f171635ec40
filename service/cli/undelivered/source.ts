import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { CommandError } from '../errors.ts';
import type { Context } from '../session.ts';

/** Which records of a bucket a command is about. */
export interface Selection {
  /** Only records of this tenant. */
  readonly tenant?: string | undefined;
  /** Only records of this namespace of Kubernetes. */
  readonly namespace?: string | undefined;
  /** Whose the records become. */
  readonly claimFor?: string | undefined;
}

/** An object that nobody was told of. */
export interface StrayObject {
  readonly bucket: string;
  readonly key: string;
  readonly eTag: string;
  readonly bytes: number;
  readonly writtenMs: number;
}

/** Objects that a command holds in memory: about 100 MB. */
const OBJECTS_MAX = 200_000;

/** The objects under a prefix, in the order of their keys. @throws CommandError when there are more than one command takes */
export async function listStrays({ s3, signal }: Context, bucket: string, prefix: string): Promise<StrayObject[]> {
  const found: StrayObject[] = [];
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      { abortSignal: signal },
    );
    for (const { Key: key = '', ETag: eTag = '', Size: bytes = 0, LastModified } of page.Contents ?? []) {
      if (!key.endsWith('/')) found.push({ bucket, key, eTag, bytes, writtenMs: LastModified?.getTime() ?? 0 });
    }
    if (found.length > OBJECTS_MAX) throw new CommandError('too many objects: narrow them with --prefix');
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}
