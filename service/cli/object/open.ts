import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { createGetObject } from '../../aws/calls.ts';
import { createStallWatch, openS3Object, type S3Object, toObjectError } from '../../aws/s3-source.ts';
import type { Decoder } from '../../core/chunk.ts';
import type { ObjectRef } from '../../core/notification.ts';
import { createKernel } from '../../kernel/kernel.ts';
import { DECODE_LIMITS } from '../../object/decode-limits.ts';
import { openObject } from '../../object/open.ts';
import type { S3Url } from '../arguments.ts';
import type { Context } from '../session.ts';

/** Objects of the central bucket as the service opens them. */
export interface ObjectReader {
  /**
   * The object as its notification would name it; undefined when it is not there.
   * @throws DistributorError as the service would when it opened the object
   */
  find(url: S3Url, versionId: string | undefined): Promise<ObjectRef | undefined>;
  /** @throws DistributorError as the service would */
  open(ref: ObjectRef): Promise<S3Object>;
  /** A decoder of its own for each look, as each gives its chunks once. */
  decoder(object: S3Object, inputFormat?: string): Promise<Decoder>;
}

export function createObjectReader({ s3, settings, signal, random }: Context): ObjectReader {
  const kernel = createKernel(settings);
  const deps = { getObject: createGetObject(settings), random, watchStall: createStallWatch(settings) };
  return {
    async find({ bucket, key }, versionId) {
      const place = { Bucket: bucket, Key: key, ...(versionId ? { VersionId: versionId } : {}) };
      const head = await s3
        .send(new HeadObjectCommand(place), { abortSignal: signal })
        .catch(async (error: unknown) => {
          if (error instanceof Error && error.name === 'NotFound') return undefined;
          // An answer to HEAD has no body, so no reason; one to GET has.
          const ref = { bucket, key, version: versionId ?? 'newest', versionId, size: undefined, createdMs: undefined };
          await s3
            .send(new GetObjectCommand({ ...place, Range: 'bytes=0-0' }), { abortSignal: signal })
            .catch((reason) => {
              throw toObjectError(ref, reason);
            });
          throw error;
        });
      if (!head) return undefined;
      const realVersion = head.VersionId && head.VersionId !== 'null' ? head.VersionId : undefined;
      return {
        bucket,
        key,
        version: realVersion ?? (head.ETag ?? '').replaceAll('"', ''),
        versionId: realVersion,
        size: head.ContentLength,
        createdMs: head.LastModified?.getTime(),
      };
    },
    open: (ref) => openS3Object(deps, ref, signal),
    decoder: (object, inputFormat) => openObject(kernel, object.source, DECODE_LIMITS, signal, inputFormat),
  };
}
