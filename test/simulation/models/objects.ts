import { createHash } from 'node:crypto';
import type { ObjectHead, RangeRequest } from '../../../service/aws/get-object.ts';
import { awsError } from './answers.ts';

/** S3: whole objects, ranges of them, and writes under a condition. Reads see all writes before them. */
export interface Objects {
  addBucket(name: string, owner: string): void;
  /** undefined: there is no such bucket. */
  ownerOf(bucket: string): string | undefined;
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

export interface StoredObject {
  readonly body: Buffer;
  readonly eTag: string;
  readonly atMs: number;
}

export function storedObject(body: Buffer, nowMs: number): StoredObject {
  const eTag = `"${createHash('md5').update(body).digest('hex')}"`;
  // Last-Modified has whole seconds.
  return { body, eTag, atMs: Math.floor(nowMs / 1000) * 1000 };
}

/** What S3 answers to a read of a range. */
export function rangeOf({ body, eTag, atMs }: StoredObject, { start, end, ifMatch }: RangeRequest) {
  if (ifMatch !== undefined && ifMatch !== eTag) throw awsError('PreconditionFailed', 412);
  if (start >= body.length) throw awsError('InvalidRange', 416, 'The requested range is not satisfiable');
  const head = { eTag, size: body.length, from: start, lastModifiedMs: atMs };
  return { head, bytes: body.subarray(start, end) };
}

export function createObjects(nowMs: () => number): Objects {
  const buckets = new Map<string, { readonly owner: string; readonly objects: Map<string, StoredObject> }>();
  const bucketOf = (name: string) => {
    const bucket = buckets.get(name);
    if (!bucket) throw awsError('NoSuchBucket', 404, 'The specified bucket does not exist');
    return bucket.objects;
  };
  return {
    addBucket(name, owner) {
      buckets.set(name, { owner, objects: new Map() });
    },
    ownerOf: (bucket) => buckets.get(bucket)?.owner,
    put({ bucket, key, body, ifNoneMatch }) {
      const objects = bucketOf(bucket);
      if (ifNoneMatch === '*' && objects.has(key)) throw awsError('PreconditionFailed', 412);
      const object = storedObject(Buffer.from(body), nowMs());
      objects.set(key, object);
      return { ETag: object.eTag };
    },
    get(request) {
      const object = bucketOf(request.bucket).get(request.key);
      if (!object) throw awsError('NoSuchKey', 404, 'The specified key does not exist.');
      return rangeOf(object, request);
    },
    all: (bucket) => new Map([...bucketOf(bucket)].map(([key, { body }]) => [key, body])),
  };
}
