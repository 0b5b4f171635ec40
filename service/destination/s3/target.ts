import { createHash } from 'node:crypto';
import * as z from 'zod';
import { boolean, type ItemReader } from '../../core/item.ts';
import type { ObjectRef } from '../../core/notification.ts';
import type { AwsService } from '../../core/place.ts';
import { isPartial } from '../../core/replay.ts';
import type { BatchLimits, Target } from '../../core/target.ts';
import { literalName } from '../../core/template.ts';

/** A bucket of the tenant: type `s3`. */
export interface S3Target extends Target {
  readonly kind: typeof KIND;
  readonly bucket: string;
  /** The account that owns the bucket; undefined: the role's. */
  readonly bucketAccountId: string | undefined;
  /** Put before the key that the object has in the central bucket. */
  readonly keyPrefix: string;
  /** undefined: the bucket's own default encrypts. */
  readonly kmsKeyArn: string | undefined;
  /** Whether objects are handed to the bucket's owner by their ACL, for buckets in which ACLs still count. */
  readonly bucketOwnerFullControl: boolean;
}

export const KIND = 's3';
const SERVICE: AwsService = { id: 's3', name: 'S3' };

/** A chunk is written as it is, in the object's order: what bounds it is the chunk. */
const LIMITS: BatchLimits = {
  bytesMax: Number.POSITIVE_INFINITY,
  eventsMax: Number.POSITIVE_INFINITY,
  spanMs: Number.POSITIVE_INFINITY,
  ageMaxMs: Number.POSITIVE_INFINITY,
  aheadMaxMs: Number.POSITIVE_INFINITY,
  eventOverheadBytes: 0,
  splits: false,
  emptyMessages: true,
};

/** S3 user guide, "Creating object key names": 1,024 bytes of UTF-8. */
const KEY_BYTES_MAX = 1_024;
/** Leaves room for the object's own key. */
const PREFIX_LENGTH_MAX = 256;
/** Digits of a record's ordinal in a key, so that files sort in the object's order. */
const RECORD_DIGITS = 12;

const SCHEMA = z.object({
  // S3 user guide, "General purpose bucket naming rules".
  bucket_name: z
    .string('is required')
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket')
    .refine((name) => !name.includes('..'), 'must be the name of an S3 bucket'),
  bucket_prefix: z
    .string()
    .max(PREFIX_LENGTH_MAX, `must have at most ${PREFIX_LENGTH_MAX} characters`)
    .regex(/^[a-zA-Z0-9!_.*'()=-][a-zA-Z0-9!_.*'()=/-]*$/, "may hold only a-zA-Z0-9!_.*'()=/- and not begin with /")
    .refine(
      (prefix) => !prefix.split('/').some((segment) => /^\.+$/.test(segment)),
      'may not hold . or .. as a segment',
    )
    .optional(),
  bucket_account_id: z
    .string()
    .regex(/^\d{12}$/, 'must be a text of 12 digits')
    .optional(),
  kms_key_arn: z
    .string()
    .regex(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/, 'must be the ARN of a KMS key')
    .optional(),
  bucket_owner_full_control: boolean.default(false),
});

/** Names of the attributes of an item. */
export const ATTRIBUTES = Object.keys(SCHEMA.shape);

/** @returns undefined when an attribute is wrong; the reader has the problems */
export function readTarget(item: ItemReader): S3Target | undefined {
  const it = item.read(SCHEMA);
  const { bucket_name: bucket, bucket_prefix: keyPrefix = '' } = it;
  if (bucket === undefined) return undefined;
  return {
    kind: KIND,
    service: SERVICE,
    bucket,
    bucketAccountId: it.bucket_account_id,
    keyPrefix,
    kmsKeyArn: it.kms_key_arn,
    bucketOwnerFullControl: it.bucket_owner_full_control ?? false,
    group: literalName(bucket),
    stream: literalName(keyPrefix),
    limits: LIMITS,
    receipts: undefined,
  };
}

/** Where the copy of an object goes. */
export function copyKey({ keyPrefix }: Pick<S3Target, 'keyPrefix'>, objectKey: string): string {
  return withinLimit(keyPrefix, objectKey, '');
}

/**
 * Where the records of a chunk go that starts at this record of the object. A repeated delivery overwrites the file; a replay
 * that asks for some of its records only has files of its own, or it would replace the others.
 */
export function recordsKey(
  { keyPrefix }: Pick<S3Target, 'keyPrefix'>,
  { key, replay }: Pick<ObjectRef, 'key' | 'replay'>,
  record: number,
): string {
  const of = isPartial(replay) ? `.${replay.id}` : '';
  return withinLimit(keyPrefix, key, `.${String(record).padStart(RECORD_DIGITS, '0')}${of}.ndjson.gz`);
}

/** A key that would be too long is cut in the middle, and kept apart from others of the same beginning by a hash. */
function withinLimit(prefix: string, objectKey: string, suffix: string): string {
  const key = `${prefix}${objectKey}${suffix}`;
  if (Buffer.byteLength(key) <= KEY_BYTES_MAX) return key;
  const hash = createHash('sha256').update(objectKey).digest('hex').slice(0, 32);
  const room = KEY_BYTES_MAX - prefix.length - suffix.length - hash.length - 1;
  const start = Buffer.from(objectKey)
    .subarray(0, room)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  return `${prefix}${start}-${hash}${suffix}`;
}
