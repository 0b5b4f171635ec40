import { asDistributorError, DistributorError } from '../base/errors.ts';
import { parseReplay, REPLAY_MEMBER, type Replay } from './replay.ts';

/** An object that a notification announces. */
export interface ObjectRef {
  readonly bucket: string;
  /** Decoded: what GetObject takes. */
  readonly key: string;
  /** What tells two objects of one key apart: the version id where the bucket has versions, else the ETag. */
  readonly version: string;
  readonly versionId: string | undefined;
  /** Bytes, as announced; undefined where the notification does not say. */
  readonly size: number | undefined;
  /** When the object was created, epoch milliseconds; undefined where the notification does not say. */
  readonly createdMs: number | undefined;
  /** Absent at the object's first delivery. */
  readonly replay?: Replay;
}

export type Notification =
  /** `objects` may be empty: then everything in it is acknowledged. */
  | { readonly kind: 'objects'; readonly objects: readonly ObjectRef[]; readonly rest?: RefusedRecords }
  /** What S3 sends when somebody configures notifications. */
  | { readonly kind: 'test' };

/** Records beside objects that can be delivered which announce none: another event, or an object without a name. */
export interface RefusedRecords {
  /** A notification with these records only. */
  readonly body: string;
  /** What is wrong with the first of them. */
  readonly error: DistributorError;
}

/** No S3 notification comes near this; SQS allows at most 1 MiB a message. */
const OBJECTS_MAX = 1_000;

/**
 * Understands every way in which S3 tells of a new object: an SNS envelope around an S3 event, the bare S3 event (SNS raw
 * delivery, or S3 straight to SQS), and EventBridge's "Object Created". Events that are not creations (a removal, a
 * restore) are an error like anything else unknown: a queue that gets them is wired wrongly, and dropping them would
 * hide it. An empty object whose key ends with `/` is a folder of S3's console, and left out.
 * @throws DistributorError `not-a-notification` when nothing of the message can be delivered
 */
export function parseNotification(body: string): Notification {
  const outer = parseJson(body, 'the message body');
  const inner =
    isRecord(outer) && typeof outer.Message === 'string' && isSnsEnvelope(outer)
      ? parseJson(outer.Message, 'the Message of the SNS envelope')
      : outer;
  if (!isRecord(inner)) throw refuse('the body is JSON but no object');
  if (inner.Event === 's3:TestEvent') return { kind: 'test' };
  if (Array.isArray(inner.Records)) return { kind: 'objects', ...fromS3Records(inner.Records) };
  if (inner['detail-type'] !== undefined) {
    const ref = fromEventBridge(inner);
    return { kind: 'objects', objects: isFolder(ref) ? [] : [ref] };
  }
  throw refuse('the body has neither Records nor detail-type');
}

function isSnsEnvelope(outer: Record<string, unknown>): boolean {
  return outer.Type === 'Notification' || outer.TopicArn !== undefined;
}

function fromS3Records(records: readonly unknown[]): {
  readonly objects: readonly ObjectRef[];
  readonly rest?: RefusedRecords;
} {
  if (records.length === 0) throw refuse('Records is empty');
  if (records.length > OBJECTS_MAX) throw refuse(`Records has ${records.length} entries, more than ${OBJECTS_MAX}`);
  const byIdentity = new Map<string, ObjectRef>();
  const refused: unknown[] = [];
  let first: DistributorError | undefined;
  for (const record of records) {
    try {
      const ref = fromS3Record(record);
      byIdentity.set(objectId(ref), ref);
    } catch (error) {
      first ??= asDistributorError(error);
      refused.push(record);
    }
  }
  if (first && byIdentity.size === 0) throw first;
  const objects = [...byIdentity.values()].filter((ref) => !isFolder(ref));
  return { objects, ...(first ? { rest: { body: JSON.stringify({ Records: refused }), error: first } } : {}) };
}

function isFolder({ key, size }: ObjectRef): boolean {
  return size === 0 && key.endsWith('/');
}

function fromS3Record(record: unknown): ObjectRef {
  if (!isRecord(record)) throw refuse('an entry of Records is no object');
  const event = record.eventName;
  if (typeof event !== 'string' || !/^(s3:)?ObjectCreated:/.test(event)) {
    throw refuse(`its event is ${JSON.stringify(event)}, not an ObjectCreated event`);
  }
  const s3 = isRecord(record.s3) ? record.s3 : {};
  const bucket = isRecord(s3.bucket) ? s3.bucket.name : undefined;
  const object = isRecord(s3.object) ? s3.object : {};
  if (typeof object.key !== 'string') throw refuse('a record has no s3.object.key');
  const ref = objectRef(bucket, decodeKey(object.key), object.eTag, object.versionId, object.size, record.eventTime);
  if (record[REPLAY_MEMBER] === undefined) return ref;
  const replay = parseReplay(record[REPLAY_MEMBER]);
  // To deliver it without its restrictions would deliver what nobody asked for.
  if (!replay) throw refuse(`its ${REPLAY_MEMBER} is none that this version understands`);
  return { ...ref, replay };
}

function fromEventBridge(event: Record<string, unknown>): ObjectRef {
  if (event['detail-type'] !== 'Object Created') {
    throw refuse(`its detail-type is ${JSON.stringify(event['detail-type'])}, not "Object Created"`);
  }
  const detail = isRecord(event.detail) ? event.detail : {};
  const bucket = isRecord(detail.bucket) ? detail.bucket.name : undefined;
  const object = isRecord(detail.object) ? detail.object : {};
  // EventBridge, unlike S3 notifications, does not URL-encode the key (S3 user guide, "EventBridge event message structure").
  return objectRef(bucket, object.key, object.etag, object['version-id'], object.size, event.time);
}

function objectRef(
  bucket: unknown,
  key: unknown,
  eTag: unknown,
  versionId: unknown,
  size: unknown,
  time: unknown,
): ObjectRef {
  if (typeof bucket !== 'string' || bucket === '') throw refuse('a record has no bucket name');
  if (typeof key !== 'string' || key === '') throw refuse('a record has no object key');
  // S3 without versioning says nothing or "null", which names no version.
  const realVersion = typeof versionId === 'string' && versionId !== '' && versionId !== 'null' ? versionId : undefined;
  const version = realVersion ?? (typeof eTag === 'string' ? eTag.replaceAll('"', '') : '');
  // Without one, the next object of this key would pass for this one, and be acknowledged without being delivered.
  if (version === '') throw refuse('a record has neither a version id nor an ETag');
  const createdMs = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return {
    bucket,
    key,
    version,
    versionId: realVersion,
    size: typeof size === 'number' && size >= 0 ? size : undefined,
    createdMs: Number.isFinite(createdMs) ? createdMs : undefined,
  };
}

/** S3 encodes keys like a form: a space is `+`, everything else outside a small set is percent-encoded UTF-8. */
function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (cause) {
    throw refuse(`the key ${JSON.stringify(encoded)} is not URL-encoded`, cause);
  }
}

/**
 * The object's name in the ledger, in logs and in dead letters: `s3://bucket/key#version`, and in a replay
 * `s3://bucket/key#version+replay:id`.
 */
export function objectId({ bucket, key, version, replay }: ObjectRef): string {
  return `s3://${bucket}/${key}#${version}${replay ? `${REPLAY_MARK}${replay.id}` : ''}`;
}

/** No version id and no ETag holds a `+`. */
const REPLAY_MARK = '+replay:';

/** What an object's name says; undefined when it is no such name. */
export function parseObjectId(
  id: string,
): (Pick<ObjectRef, 'bucket' | 'key' | 'version'> & { readonly replayId: string | undefined }) | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)#([^#+]+)(?:\+replay:([^#+]+))?$/s.exec(id);
  if (!match) return undefined;
  const [, bucket = '', key = '', version = '', replayId] = match;
  return { bucket, key, version, replayId };
}

/**
 * A notification of the shape of S3's, for an object that is announced by us: as it would be at first, or in a replay.
 * @param timeMs from when on its delivery is late
 */
export function objectNotification(ref: ObjectRef, timeMs: number): string {
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    eventTime: new Date(timeMs).toISOString(),
    eventName: 'ObjectCreated:Put',
    s3: {
      bucket: { name: ref.bucket },
      object: {
        key: encodeKey(ref.key),
        size: ref.size,
        eTag: ref.version,
        ...(ref.versionId === undefined ? {} : { versionId: ref.versionId }),
      },
    },
    ...(ref.replay ? { [REPLAY_MEMBER]: ref.replay } : {}),
  };
  return JSON.stringify({ Records: [record] });
}

/** As S3 encodes keys in notifications. */
function encodeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/').replaceAll('%20', '+');
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(`${what} is not JSON`, cause);
  }
}

function refuse(why: string, cause?: unknown): DistributorError {
  return new DistributorError('not-a-notification', `not an S3 notification: ${why}`, { cause });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
