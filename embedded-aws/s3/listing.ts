import { AwsError } from '../http/aws-error.ts';
import { answer } from '../http/message.ts';
import { encode } from '../http/signature.ts';
import { element } from '../http/xml.ts';
import { bucketOf, type S3Action, type S3Call } from './action.ts';
import { type Bucket, compareUtf8, newest, sortedKeys, type Version } from './store.ts';

const XML = { 'content-type': 'application/xml' };
const PAGE_MAX = 1_000;

/** One row of a listing: an object or, with a delimiter, what many have in common. */
type Row = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'prefix'; readonly prefix: string };

interface Listing {
  readonly rows: readonly Row[];
  /** The last row, if there are more behind it. */
  readonly next: string | undefined;
}

/** Rows of keys behind `after`, in S3's order. @param exists whether a key is to be shown */
function list(call: S3Call, bucket: Bucket, after: string, exists: (key: string) => boolean): Listing {
  const prefix = call.query.get('prefix') ?? '';
  const delimiter = call.query.get('delimiter') ?? '';
  const limit = maxKeys(call);
  const rows: Row[] = [];
  let last: string | undefined;
  for (const key of sortedKeys(bucket)) {
    if (!key.startsWith(prefix) || !exists(key)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const name = cut < 0 ? key : key.slice(0, cut + delimiter.length);
    if (name === last || (after !== '' && compareUtf8(name, after) <= 0)) continue;
    if (rows.length === limit) return { rows, next: last };
    rows.push(cut < 0 ? { kind: 'key', key } : { kind: 'prefix', prefix: name });
    last = name;
  }
  return { rows, next: undefined };
}

function maxKeys({ query }: S3Call): number {
  const limit = Number(query.get('max-keys') ?? PAGE_MAX);
  if (!Number.isInteger(limit) || limit < 0) throw new AwsError('InvalidArgument', 'max-keys must be a whole number');
  return Math.min(limit, PAGE_MAX);
}

/** Keys as the client wants them: `encoding-type=url` is how they stay valid XML. */
function encoder({ query }: S3Call): (key: string) => string {
  return query.get('encoding-type') === 'url' ? (key) => encode(key).replaceAll('%2F', '/') : (key) => key;
}

const visible = (bucket: Bucket) => (key: string) => newest(bucket, key)?.marker === false;

export const listObjectsV2: S3Action = {
  name: 'ListObjectsV2',
  permission: 'ListBucket',
  onBucket: true,
  run(call) {
    const bucket = bucketOf(call);
    const token = call.query.get('continuation-token');
    const after = token === undefined ? (call.query.get('start-after') ?? '') : Buffer.from(token, 'base64').toString();
    const { rows, next } = list(call, bucket, after, visible(bucket));
    const inner = [
      commonFields(call),
      element('StartAfter', call.query.get('start-after')),
      element('KeyCount', rows.length),
      element('ContinuationToken', token),
      element('NextContinuationToken', next === undefined ? undefined : Buffer.from(next).toString('base64')),
      element('IsTruncated', next !== undefined),
      ...rows.map((row) => rowXml(call, bucket, row)),
    ];
    return answer(200, XML, `<ListBucketResult>${inner.join('')}</ListBucketResult>`);
  },
};

export const listObjects: S3Action = {
  name: 'ListObjects',
  permission: 'ListBucket',
  onBucket: true,
  run(call) {
    const bucket = bucketOf(call);
    const marker = call.query.get('marker') ?? '';
    const { rows, next } = list(call, bucket, marker, visible(bucket));
    const inner = [
      commonFields(call),
      element('Marker', encoder(call)(marker)),
      element('NextMarker', next === undefined ? undefined : encoder(call)(next)),
      element('IsTruncated', next !== undefined),
      ...rows.map((row) => rowXml(call, bucket, row)),
    ];
    return answer(200, XML, `<ListBucketResult>${inner.join('')}</ListBucketResult>`);
  },
};

export const listObjectVersions: S3Action = {
  name: 'ListObjectVersions',
  permission: 'ListBucketVersions',
  onBucket: true,
  run(call) {
    const bucket = bucketOf(call);
    // A page ends between keys, never within the versions of one.
    const { rows, next } = list(call, bucket, call.query.get('key-marker') ?? '', () => true);
    const inner = [
      commonFields(call),
      element('KeyMarker', call.query.get('key-marker') ?? ''),
      element('NextKeyMarker', next === undefined ? undefined : encoder(call)(next)),
      element('IsTruncated', next !== undefined),
      ...rows.map((row) => (row.kind === 'prefix' ? rowXml(call, bucket, row) : versionsXml(call, bucket, row.key))),
    ];
    return answer(200, XML, `<ListVersionsResult>${inner.join('')}</ListVersionsResult>`);
  },
};

function commonFields(call: S3Call): string {
  const { query, bucketName } = call;
  return [
    element('Name', bucketName),
    element('Prefix', encoder(call)(query.get('prefix') ?? '')),
    element('Delimiter', query.get('delimiter')),
    element('MaxKeys', maxKeys(call)),
    element('EncodingType', query.get('encoding-type')),
  ].join('');
}

function rowXml(call: S3Call, bucket: Bucket, row: Row): string {
  if (row.kind === 'prefix') return `<CommonPrefixes>${element('Prefix', encoder(call)(row.prefix))}</CommonPrefixes>`;
  const version = newest(bucket, row.key);
  return version ? `<Contents>${element('Key', encoder(call)(row.key))}${contentFields(version)}</Contents>` : '';
}

function contentFields({ lastModifiedMs, eTag, size }: Version): string {
  return [
    element('LastModified', new Date(lastModifiedMs).toISOString()),
    element('ETag', eTag),
    element('Size', size),
    element('StorageClass', 'STANDARD'),
  ].join('');
}

function versionsXml(call: S3Call, bucket: Bucket, key: string): string {
  const versions = [...(bucket.objects.get(key) ?? [])].reverse();
  return versions
    .map((version, i) => {
      const head = [
        element('Key', encoder(call)(key)),
        element('VersionId', version.versionId),
        element('IsLatest', i === 0),
      ].join('');
      return version.marker
        ? `<DeleteMarker>${head}${element('LastModified', new Date(version.lastModifiedMs).toISOString())}</DeleteMarker>`
        : `<Version>${head}${contentFields(version)}</Version>`;
    })
    .join('');
}
