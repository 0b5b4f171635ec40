import { createHash } from 'node:crypto';
import type { ObjectHead, RangeRequest } from '../../../service/aws/get-object.ts';
import { awsError } from './answers.ts';

/** S3: whole objects, ranges of them, and writes under a condition. Reads see all writes before them. */
export interface Objects {
  put(request: PutRequest): { readonly ETag: string };
  /** @returns what S3 says of the object, and the bytes of the range */
  get(request: RangeRequest): { readonly head: ObjectHead; readonly bytes: Buffer };
  /** Of a bucket, by key. */
  all(bucket: string): ReadonlyMap<string, Buffer>;
}

export interface PutRequest {
  readonly bucket: string;
  readonly key: string;
  readonly body: Buffer;
  readonly ifNoneMatch?: string | undefined;
}

export function createObjects(nowMs: () => number): Objects {
  const buckets = new Map<
    string,
    Map<string, { readonly body: Buffer; readonly eTag: string; readonly atMs: number }>
  >();
  const bucketOf = (name: string) => {
    const bucket = buckets.get(name) ?? new Map();
    buckets.set(name, bucket);
    return bucket;
  };
  return {
    put({ bucket, key, body, ifNoneMatch }) {
      const objects = bucketOf(bucket);
      if (ifNoneMatch === '*' && objects.has(key)) throw awsError('PreconditionFailed', 412);
      const eTag = `"${createHash('md5').update(body).digest('hex')}"`;
      // Last-Modified has whole seconds.
      objects.set(key, { body: Buffer.from(body), eTag, atMs: Math.floor(nowMs() / 1000) * 1000 });
      return { ETag: eTag };
    },
    get({ bucket, key, start, end, ifMatch }) {
      const object = bucketOf(bucket).get(key);
      if (!object) throw awsError('NoSuchKey', 404, 'The specified key does not exist.');
      const { body, eTag, atMs } = object;
      if (ifMatch !== undefined && ifMatch !== eTag) throw awsError('PreconditionFailed', 412);
      if (start >= body.length) throw awsError('InvalidRange', 416, 'The requested range is not satisfiable');
      const head = { eTag, size: body.length, from: start, lastModifiedMs: atMs };
      return { head, bytes: body.subarray(start, end) };
    },
    all: (bucket) => new Map([...bucketOf(bucket)].map(([key, { body }]) => [key, body])),
  };
}
