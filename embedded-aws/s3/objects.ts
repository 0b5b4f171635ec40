import { AwsError, DeniedError } from '../http/aws-error.ts';
import { answer, type HttpAnswer, type HttpRequest, header } from '../http/message.ts';
import { child, childrenOf, childText, element, parseXml } from '../http/xml.ts';
import { bucketArn, bucketOf, objectArn, type S3Action, type S3Call } from './action.ts';
import { readContent, storedEncoding } from './checksum.ts';
import { checkRead, checkWrite, readRange, sliceOf } from './conditions.ts';
import { type Bucket, NULL_VERSION, newest, type Version } from './store.ts';

/** S3 API reference, PutObject: what a single call may carry. */
const PUT_BYTES_MAX = 5 * 1024 ** 3;
const KEY_BYTES_MAX = 1024;
const DELETE_KEYS_MAX = 1_000;
/** Headers that S3 keeps with an object and gives back. Nothing is encrypted here; that it was asked for is remembered. */
const KEPT = [
  'content-type',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
];

export const putObject: S3Action = {
  name: 'PutObject',
  permission: 'PutObject',
  run(call) {
    const bucket = bucketOf(call);
    const { request, key, store, notifier } = call;
    if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw new AwsError('KeyTooLongError', 'Your key is too long');
    if (request.body.length > PUT_BYTES_MAX) throw new AwsError('EntityTooLarge', 'Your proposed upload is too large');
    const { body, checksums, md5 } = readContent(request);
    checkWrite(request, newest(bucket, key));
    const version = store.put(bucket, {
      key,
      marker: false,
      pieces: body.length === 0 ? [] : [body],
      size: body.length,
      eTag: `"${md5.toString('hex')}"`,
      lastModifiedMs: call.context.nowMs,
      headers: keptHeaders(request),
      checksums,
    });
    notifier.notify(bucket, version, 'ObjectCreated:Put', call.context);
    return answer(200, { etag: version.eTag, ...checksums, ...versionHeader(bucket, version) });
  },
};

export const copyObject: S3Action = {
  name: 'CopyObject',
  permission: 'PutObject',
  run(call) {
    const bucket = bucketOf(call);
    const { request, key, store, notifier, context } = call;
    const source = copySource(call);
    checkWrite(request, newest(bucket, key));
    const replace = header(request, 'x-amz-metadata-directive') === 'REPLACE';
    const version = store.put(bucket, {
      ...source,
      key,
      lastModifiedMs: context.nowMs,
      headers: replace ? keptHeaders(request) : source.headers,
    });
    notifier.notify(bucket, version, 'ObjectCreated:Copy', context);
    const inner =
      element('ETag', version.eTag) + element('LastModified', new Date(version.lastModifiedMs).toISOString());
    const headers = { 'content-type': 'application/xml', ...versionHeader(bucket, version) };
    return answer(200, headers, `<CopyObjectResult>${inner}</CopyObjectResult>`);
  },
};

/** The object that `x-amz-copy-source` names: `/bucket/key?versionId=...`, URL-encoded. */
function copySource(call: S3Call): Version {
  const source = header(call.request, 'x-amz-copy-source') ?? '';
  const [, path = '', versionId] = /^\/?(.*?)(?:\?versionId=(.+))?$/.exec(source) ?? [];
  const decoded = decodeURIComponent(path);
  const slash = decoded.indexOf('/');
  const [bucketName, key] = [decoded.slice(0, slash), decoded.slice(slash + 1)];
  const from = { ...call, bucketName, key };
  const bucket = bucketOf(from);
  const permission = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  const resource = objectArn(bucketName, key);
  const { owner, policy } = bucket;
  if (!call.context.may({ action: permission, resource, account: owner, policy: policy?.policy })) throw accessDenied();
  return findVersion(from, bucket, versionId);
}

export const getObject: S3Action = { name: 'GetObject', permission: 'GetObject', run: (call) => read(call, true) };
export const headObject: S3Action = { name: 'HeadObject', permission: 'GetObject', run: (call) => read(call, false) };

function read(call: S3Call, withBody: boolean): HttpAnswer {
  const bucket = bucketOf(call);
  const { request, query } = call;
  const version = findVersion(call, bucket, query.get('versionId'));
  const base = {
    etag: version.eTag,
    'last-modified': new Date(version.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    ...versionHeader(bucket, version),
  };
  if (checkRead(request, version) === 'not-modified') return answer(304, base);
  const range = readRange(header(request, 'range'), version.size);
  const { start, end } = range ?? { start: 0, end: version.size };
  const checksums = range === undefined && header(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  const headers = {
    ...version.headers,
    ...base,
    ...(checksums ? version.checksums : {}),
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${version.size}` }),
    'content-length': String(end - start),
  };
  return {
    status: range === undefined ? 200 : 206,
    headers,
    body: withBody ? sliceOf(version.pieces, { start, end }) : [],
  };
}

/** @throws AwsError NoSuchKey, or AccessDenied for those who may not list and so must not learn what exists */
function findVersion(call: S3Call, bucket: Bucket, versionId: string | undefined): Version {
  const { key, context } = call;
  if (versionId !== undefined) {
    const version = bucket.objects.get(key)?.find((one) => one.versionId === versionId);
    if (!version) throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key });
    if (version.marker)
      throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
    return version;
  }
  const version = newest(bucket, key);
  if (version && !version.marker) return version;
  const listing = { action: 's3:ListBucket', resource: bucketArn(bucket.name), account: bucket.owner };
  if (!context.may({ ...listing, policy: bucket.policy?.policy })) throw accessDenied();
  throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });
}

export const deleteObject: S3Action = {
  name: 'DeleteObject',
  permission: 'DeleteObject',
  run(call) {
    const bucket = bucketOf(call);
    const { marker, versionId } = removeObject(call, bucket, call.key, call.query.get('versionId'));
    return answer(204, {
      ...(marker ? { 'x-amz-delete-marker': 'true' } : {}),
      ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
    });
  },
};

interface Removed {
  readonly marker: boolean;
  readonly versionId: string | undefined;
}

/** Deletes a version, or covers the key with a delete marker, or (without versioning) deletes the object. */
function removeObject(call: S3Call, bucket: Bucket, key: string, versionId: string | undefined): Removed {
  const { store, notifier, context } = call;
  if (versionId !== undefined || bucket.versioning === undefined) {
    const version = bucket.objects.get(key)?.find((one) => one.versionId === (versionId ?? NULL_VERSION));
    if (version) {
      store.removeVersion(bucket, version);
      notifier.notify(bucket, version, 'ObjectRemoved:Delete', context);
    }
    return { marker: version?.marker ?? false, versionId };
  }
  const blank = { pieces: [], size: 0, eTag: '', headers: {}, checksums: {}, lastModifiedMs: context.nowMs };
  const marker = store.put(bucket, { ...blank, key, marker: true });
  notifier.notify(bucket, marker, 'ObjectRemoved:DeleteMarkerCreated', context);
  return { marker: true, versionId: marker.versionId };
}

export const deleteObjects: S3Action = {
  name: 'DeleteObjects',
  // Asked for each key below.
  permission: undefined,
  run(call) {
    const bucket = bucketOf(call);
    const root = readDelete(call.request);
    const quiet = childText(root, 'Quiet') === 'true';
    const results = childrenOf(root, 'Object').map((object) => {
      const key = childText(object, 'Key') ?? '';
      const versionId = childText(object, 'VersionId');
      const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
      const { owner, policy } = bucket;
      const resource = objectArn(bucket.name, key);
      if (!call.context.may({ action, resource, account: owner, policy: policy?.policy })) {
        return `<Error>${element('Key', key)}${element('Code', 'AccessDenied')}${element('Message', 'Access Denied')}</Error>`;
      }
      const removed = removeObject(call, bucket, key, versionId);
      if (quiet) return '';
      const marker = removed.marker
        ? element('DeleteMarker', true) + element('DeleteMarkerVersionId', removed.versionId)
        : '';
      return `<Deleted>${element('Key', key)}${element('VersionId', versionId)}${marker}</Deleted>`;
    });
    return answer(200, { 'content-type': 'application/xml' }, `<DeleteResult>${results.join('')}</DeleteResult>`);
  },
};

function readDelete(request: HttpRequest) {
  const root = xmlBody(request);
  if (root.name !== 'Delete' || !child(root, 'Object') || childrenOf(root, 'Object').length > DELETE_KEYS_MAX) {
    throw malformedXml();
  }
  return root;
}

/** @throws AwsError MalformedXML */
export function xmlBody(request: HttpRequest) {
  try {
    return parseXml(readContent(request).body.toString());
  } catch (error) {
    if (error instanceof SyntaxError) throw malformedXml();
    throw error;
  }
}

export function malformedXml(): AwsError {
  const message = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new AwsError('MalformedXML', message);
}

function accessDenied(): DeniedError {
  return new DeniedError('Access Denied');
}

export function versionHeader(bucket: Bucket, { versionId }: Pick<Version, 'versionId'>): Record<string, string> {
  return bucket.versioning === undefined ? {} : { 'x-amz-version-id': versionId };
}

export function keptHeaders(request: HttpRequest): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  const encoding = storedEncoding(header(request, 'content-encoding'));
  if (encoding !== undefined) kept['content-encoding'] = encoding;
  for (const name of Object.keys(request.headers)) {
    const value = header(request, name);
    if (value !== undefined && (KEPT.includes(name) || name.startsWith('x-amz-meta-'))) kept[name] = value;
  }
  return kept;
}
