import { AwsError } from '../http/aws-error.ts';
import type { HttpAnswer, HttpRequest } from '../http/message.ts';
import type { CallContext, Place } from '../service.ts';
import type { Notifier } from './notify.ts';
import type { Bucket, ObjectStore } from './store.ts';

/** One action of S3. */
export interface S3Action {
  /** The API's name. */
  readonly name: string;
  /**
   * After the `s3:`; on the object if the request names one and `onBucket` is not set. undefined: the action asks by
   * itself.
   */
  readonly permission: string | undefined;
  readonly onBucket?: true;
  /** The caller's own account decides, whoever the bucket belongs to. */
  readonly inOwnAccount?: true;
  run(call: S3Call): HttpAnswer | Promise<HttpAnswer>;
}

export interface S3Call {
  readonly request: HttpRequest;
  readonly query: ReadonlyMap<string, string>;
  readonly bucketName: string;
  /** Empty for actions on buckets. */
  readonly key: string;
  readonly place: Place;
  readonly context: CallContext;
  readonly store: ObjectStore;
  readonly notifier: Notifier;
  readonly newId: () => string;
}

/** @throws AwsError NoSuchBucket */
export function bucketOf({ store, bucketName }: S3Call): Bucket {
  const bucket = store.bucket(bucketName);
  if (!bucket) {
    throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404, { BucketName: bucketName });
  }
  return bucket;
}

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}
