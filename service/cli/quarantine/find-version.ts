import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { faultOf } from '../../aws/fault.ts';
import type { ObjectRef } from '../../core/notification.ts';
import type { QuarantineReaderDeps } from '../../quarantine/reader.ts';

/**
 * The object of this version as a notification would name it: the ledger's version may be an ETag or a version id.
 * @returns undefined when it is gone
 */
export async function findVersion(
  { s3, signal }: QuarantineReaderDeps,
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
