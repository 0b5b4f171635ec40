import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { awsError, openCloud } from '../../../../support/cloud.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
let s3: S3Client;
let buckets = 0;
before(async () => {
  world = await openCloud();
  s3 = world.as('test').s3;
});
after(() => world.close());

async function newBucket(versioning?: 'Enabled' | 'Suspended'): Promise<string> {
  const Bucket = `bucket-${++buckets}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  if (versioning) {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: versioning } }));
  }
  return Bucket;
}
const put = (Bucket: string, Key: string, Body: string | Buffer, more = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Bucket: string, Key: string, more = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: (await answer.Body?.transformToString()) ?? '' };
};

test('an object comes back with its encoding, type and metadata, and its body as it is', async () => {
  const Bucket = await newBucket();
  const given = { ContentEncoding: 'gzip', ContentType: 'application/x-ndjson', Metadata: { source: 'vector' } };
  await put(Bucket, 'k', 'not really gzip', given);
  const { text, ContentEncoding, ContentType, Metadata, ContentLength, AcceptRanges } = await get(Bucket, 'k');
  assert.deepEqual({ ContentEncoding, ContentType, Metadata }, given);
  assert.deepEqual([text, ContentLength, AcceptRanges], ['not really gzip', 15, 'bytes']);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  assert.deepEqual([head.ContentLength, head.ContentEncoding], [15, 'gzip']);
});

const RANGES: readonly (readonly [range: string, text: string, contentRange: string | undefined])[] = [
  ['bytes=0-3', '0123', 'bytes 0-3/10'],
  ['bytes=4-', '456789', 'bytes 4-9/10'],
  ['bytes=8-100', '89', 'bytes 8-9/10'],
  ['bytes=-3', '789', 'bytes 7-9/10'],
  ['bytes=-100', '0123456789', 'bytes 0-9/10'],
  ['bytes=0-1,4-5', '0123456789', undefined],
  ['lines=0-1', '0123456789', undefined],
];
for (const [Range, text, contentRange] of RANGES) {
  test(`the range ${Range} of ten bytes is ${text}`, async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'k', '0123456789');
    const found = await get(Bucket, 'k', { Range });
    assert.deepEqual([found.text, found.ContentRange, found.ContentLength], [text, contentRange, text.length]);
  });
}

test('a range behind the end, and any range of an empty object, cannot be satisfied', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'ten', '0123456789');
  await put(Bucket, 'none', '');
  await assert.rejects(get(Bucket, 'ten', { Range: 'bytes=10-11' }), awsError('InvalidRange', { status: 416 }));
  await assert.rejects(get(Bucket, 'none', { Range: 'bytes=0-10' }), awsError('InvalidRange', { status: 416 }));
  assert.equal((await get(Bucket, 'none')).text, '');
});

test('a read can insist on an ETag', async () => {
  const Bucket = await newBucket();
  const { ETag } = await put(Bucket, 'k', 'first');
  assert.equal((await get(Bucket, 'k', { IfMatch: ETag, Range: 'bytes=0-1' })).text, 'fi');
  await put(Bucket, 'k', 'second');
  await assert.rejects(
    get(Bucket, 'k', { IfMatch: ETag, Range: 'bytes=0-1' }),
    awsError('PreconditionFailed', { status: 412 }),
  );
});

test('a write can insist on being the first', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'k', 'first', { IfNoneMatch: '*' });
  await assert.rejects(
    put(Bucket, 'k', 'second', { IfNoneMatch: '*' }),
    awsError('PreconditionFailed', { status: 412 }),
  );
  assert.equal((await get(Bucket, 'k')).text, 'first');
});

test('what does not exist is told by its own name', async () => {
  const Bucket = await newBucket();
  await assert.rejects(get(Bucket, 'missing'), awsError('NoSuchKey', { status: 404 }));
  await assert.rejects(get('no-such-bucket', 'k'), awsError('NoSuchBucket', { status: 404 }));
  await assert.rejects(
    s3.send(new HeadBucketCommand({ Bucket: 'no-such-bucket' })),
    awsError('NotFound', { status: 404 }),
  );
  await put(Bucket, 'k', '');
  await assert.rejects(get(Bucket, 'k', { VersionId: 'x' }), awsError('NoSuchVersion', { status: 404 }));
});

test('an overwritten and a deleted version can be read by their ids', async () => {
  const Bucket = await newBucket('Enabled');
  const first = await put(Bucket, 'k', 'first');
  const second = await put(Bucket, 'k', 'second');
  assert.notEqual(first.VersionId, second.VersionId);
  assert.deepEqual([(await get(Bucket, 'k')).VersionId, (await get(Bucket, 'k')).text], [second.VersionId, 'second']);
  assert.equal((await get(Bucket, 'k', { VersionId: first.VersionId })).text, 'first');
  const deleted = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  assert.equal(deleted.DeleteMarker, true);
  await assert.rejects(get(Bucket, 'k'), awsError('NoSuchKey', { status: 404 }));
  await assert.rejects(
    get(Bucket, 'k', { VersionId: deleted.VersionId }),
    awsError('MethodNotAllowed', { status: 405 }),
  );
  assert.equal((await get(Bucket, 'k', { VersionId: second.VersionId })).text, 'second');
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    [second.VersionId, first.VersionId],
  );
  assert.deepEqual(
    DeleteMarkers?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest]),
    [[deleted.VersionId, true]],
  );
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId: deleted.VersionId }));
  assert.equal((await get(Bucket, 'k')).text, 'second');
});

test('without versioning an object is overwritten and deleted for good', async () => {
  const Bucket = await newBucket();
  const { VersionId } = await put(Bucket, 'k', 'first');
  assert.equal(VersionId, undefined);
  await put(Bucket, 'k', 'second');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual([Versions, DeleteMarkers], [undefined, undefined]);
  assert.equal((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status, undefined);
});

test('while versioning is suspended, writes replace the null version only', async () => {
  const Bucket = await newBucket('Enabled');
  const kept = await put(Bucket, 'k', 'kept');
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }));
  await put(Bucket, 'k', 'one');
  const last = await put(Bucket, 'k', 'two');
  assert.equal(last.VersionId, 'null');
  const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  assert.deepEqual(
    Versions?.map(({ VersionId }) => VersionId),
    ['null', kept.VersionId],
  );
});

test('a multipart object is put together from its parts, and ranges reach over their borders', async () => {
  const Bucket = await newBucket();
  const part = (letter: string) => Buffer.alloc(5 * 1024 * 1024, letter);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k', ContentEncoding: 'gzip' }));
  const Parts = [];
  for (const [i, Body] of [part('a'), part('b'), Buffer.from('tail')].entries()) {
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'k', UploadId, PartNumber: i + 1, Body }));
    Parts.push({ PartNumber: i + 1, ETag });
  }
  await assert.rejects(get(Bucket, 'k'), awsError('NoSuchKey'));
  const complete = { Bucket, Key: 'k', UploadId, MultipartUpload: { Parts } };
  const { ETag } = await s3.send(new CompleteMultipartUploadCommand(complete));
  assert.match(ETag ?? '', /^"[\da-f]{32}-3"$/);
  const border = 5 * 1024 * 1024;
  const across = await get(Bucket, 'k', { Range: `bytes=${border - 2}-${border + 1}`, IfMatch: ETag });
  assert.deepEqual(
    [across.text, across.ContentRange, across.ContentEncoding],
    ['aabb', `bytes ${border - 2}-${border + 1}/${2 * border + 4}`, 'gzip'],
  );
  assert.equal((await get(Bucket, 'k', { Range: 'bytes=-6' })).text, 'bbtail');
  await assert.rejects(
    s3.send(new CompleteMultipartUploadCommand(complete)),
    awsError('NoSuchUpload', { status: 404 }),
  );
});

test('parts that are too small, unknown or out of order are refused', async () => {
  const Bucket = await newBucket();
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
  const upload = async (PartNumber: number) => {
    const { ETag } = await s3.send(
      new UploadPartCommand({ Bucket, Key: 'k', UploadId, PartNumber, Body: `part ${PartNumber}` }),
    );
    return { PartNumber, ETag };
  };
  const [one, two] = [await upload(1), await upload(2)];
  const complete = (Parts: object[]) =>
    s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'k', UploadId, MultipartUpload: { Parts } }));
  await assert.rejects(complete([one, two]), awsError('EntityTooSmall'));
  await assert.rejects(complete([{ PartNumber: 1, ETag: two.ETag }]), awsError('InvalidPart'));
  await assert.rejects(complete([two, one]), awsError('InvalidPartOrder'));
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }));
  await assert.rejects(complete([one]), awsError('NoSuchUpload'));
});

test('a damaged body is noticed by its checksum, wherever that stands', async () => {
  const Bucket = await newBucket();
  await assert.rejects(
    put(Bucket, 'k', 'body', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }),
    awsError('BadDigest', { status: 400 }),
  );
  await assert.rejects(put(Bucket, 'k', 'body', { ChecksumSHA256: 'AAAA' }), awsError('BadDigest', { status: 400 }));
  // A body of unknown length carries its checksum behind it.
  const Body = Readable.from([Buffer.from('bo'), Buffer.from('dy')]);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body, ContentLength: 4 }));
  const found = await get(Bucket, 'k', { ChecksumMode: 'ENABLED' });
  assert.deepEqual([found.text, found.ChecksumCRC32, found.ContentEncoding], ['body', base64Crc32('body'), undefined]);
  const chunked = (checksum: string) =>
    s3Request('PUT', `/${Bucket}/k`, {
      headers: {
        'content-encoding': 'aws-chunked',
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': '4',
        'x-amz-trailer': 'x-amz-checksum-crc32',
      },
      body: `2\r\nbo\r\n2\r\ndy\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
    });
  assert.equal((await chunked(base64Crc32('body'))).status, 200);
  const damaged = await chunked(base64Crc32('other'));
  assert.deepEqual([damaged.status, /BadDigest/.test(await damaged.text())], [400, true]);
});

function base64Crc32(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64');
}

/** A request that the SDK would not make, signed as the account's key may be: by anything. */
function s3Request(
  method: string,
  path: string,
  { headers, body }: { headers: Record<string, string>; body?: string },
) {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `test/${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
  const init = {
    method,
    headers: { ...headers, 'x-amz-date': stamp, authorization },
    ...(body === undefined ? {} : { body }),
  };
  return fetch(world.cloud.url + path, init);
}

test('a copy has the content and, unless told otherwise, the metadata of its source', async () => {
  const Bucket = await newBucket('Enabled');
  const first = await put(Bucket, 'a b', 'first', { Metadata: { m: '1' } });
  await put(Bucket, 'a b', 'second', { Metadata: { m: '2' } });
  const copy = (CopySource: string, more = {}) =>
    s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...more }));
  await copy(`${Bucket}/a%20b`);
  assert.deepEqual([(await get(Bucket, 'copy')).text, (await get(Bucket, 'copy')).Metadata], ['second', { m: '2' }]);
  await copy(`${Bucket}/a%20b?versionId=${first.VersionId}`, { MetadataDirective: 'REPLACE', Metadata: { m: '3' } });
  assert.deepEqual([(await get(Bucket, 'copy')).text, (await get(Bucket, 'copy')).Metadata], ['first', { m: '3' }]);
});

test('keys are listed in the order of their bytes, by prefix, with what they have in common, page by page', async () => {
  const Bucket = await newBucket();
  const keys = ['b', 'a/2', 'a/1/x', 'a/1/y', 'a-0', 'a/\uffff', 'a/😀', 'A'];
  for (const key of keys) await put(Bucket, key, key);
  const list = async (more = {}) => {
    const rows: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ContinuationToken, ...more }));
      const found = [
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      ];
      assert.ok(found.length <= 2);
      assert.equal(page.KeyCount, found.length);
      rows.push(...found.map(String));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return rows;
  };
  assert.deepEqual(await list(), ['A', 'a-0', 'a/1/x', 'a/1/y', 'a/2', 'a/\uffff', 'a/😀', 'b']);
  assert.deepEqual((await list({ Prefix: 'a/', Delimiter: '/' })).sort(), ['a/1/', 'a/2', 'a/\uffff', 'a/😀'].sort());
  assert.deepEqual(await list({ StartAfter: 'a/2' }), ['a/\uffff', 'a/😀', 'b']);
});

test('many objects are deleted at once', async () => {
  const Bucket = await newBucket();
  for (const key of ['a', 'b & <c>', 'd']) await put(Bucket, key, key);
  const Objects = ['a', 'b & <c>', 'missing'].map((Key) => ({ Key }));
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
  assert.deepEqual([Deleted?.map(({ Key }) => Key), Errors], [['a', 'b & <c>', 'missing'], undefined]);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
  assert.deepEqual(
    Contents?.map(({ Key }) => Key),
    ['d'],
  );
  await assert.rejects(s3.send(new DeleteBucketCommand({ Bucket })), awsError('BucketNotEmpty', { status: 409 }));
});

test('a bucket belongs to its account; others need its policy, and their own', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'logs/k', 'body');
  const stranger = world.as('444444444444');
  await assert.rejects(
    stranger.s3.send(new CreateBucketCommand({ Bucket })),
    awsError('BucketAlreadyExists', { status: 409 }),
  );
  assert.deepEqual((await stranger.s3.send(new ListBucketsCommand({}))).Buckets, []);
  const read = (key: string) => stranger.s3.send(new GetObjectCommand({ Bucket, Key: key }));
  await assert.rejects(read('logs/k'), awsError('AccessDenied', { status: 403 }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: { AWS: '444444444444' },
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${Bucket}/logs/*`,
    },
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  assert.equal((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy, Policy);
  assert.equal(await (await read('logs/k')).Body?.transformToString(), 'body');
  await assert.rejects(read('other/k'), awsError('AccessDenied'));
  await assert.rejects(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })), awsError('MalformedPolicy'));
});

test('who may not list a bucket does not learn that a key is missing', async () => {
  const Bucket = await newBucket();
  const { iam } = world.as('555555555555');
  const document = (statement: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...statement } });
  const trust = document({ Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  const allowed = document({ Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument: allowed }));
  const Principal = { AWS: 'arn:aws:iam::555555555555:role/reader' };
  const grants = (...actions: string[]) => {
    const statement = { Principal, Action: actions, Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`] };
    return s3.send(new PutBucketPolicyCommand({ Bucket, Policy: document(statement) }));
  };
  await grants('s3:GetObject');
  const reader = world.as(await world.assume({ RoleArn: 'arn:aws:iam::555555555555:role/reader' }));
  const read = () => reader.s3.send(new GetObjectCommand({ Bucket, Key: 'missing' }));
  await assert.rejects(read(), awsError('AccessDenied', { status: 403 }));
  const listing = document({ Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument: listing }));
  await grants('s3:GetObject', 's3:ListBucket');
  await assert.rejects(read(), awsError('NoSuchKey', { status: 404 }));
});

test('with a bound, the objects that were written first are let go', async () => {
  const bounded = await openCloud({ objectBytesMax: 2_500 });
  try {
    const own = bounded.as('test').s3;
    await own.send(new CreateBucketCommand({ Bucket: 'small' }));
    for (const Key of ['a', 'b', 'c'])
      await own.send(new PutObjectCommand({ Bucket: 'small', Key, Body: Key.repeat(1_000) }));
    const { Contents } = await own.send(new ListObjectsV2Command({ Bucket: 'small' }));
    assert.deepEqual(
      Contents?.map(({ Key }) => Key),
      ['b', 'c'],
    );
  } finally {
    await bounded.close();
  }
});

test('a subresource that is not emulated is refused, not taken for the object or the bucket', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'k', 'body');
  for (const [method, path] of [
    ['GET', `/${Bucket}/k?tagging`],
    ['PUT', `/${Bucket}/k?acl`],
    ['GET', `/${Bucket}?lifecycle`],
    ['DELETE', `/${Bucket}?website`],
  ] as const) {
    const answer = await s3Request(method, path, { headers: {} });
    assert.deepEqual([answer.status, /NotImplemented/.test(await answer.text())], [501, true], `${method} ${path}`);
  }
  assert.equal((await get(Bucket, 'k')).text, 'body');
});

test('a bucket may also be the first label of the host', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'a/b', 'body');
  const answer = await rawGet(`${Bucket}.s3.localhost:${world.cloud.port}`, '/a/b');
  assert.equal(answer, 'body');
});

/** With a Host header of its own, which fetch does not allow. */
async function rawGet(host: string, path: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `test/${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
  const request = httpRequest({
    port: world.cloud.port,
    path,
    headers: { host, 'x-amz-date': stamp, authorization },
  }).end();
  const [answer]: IncomingMessage[] = await once(request, 'response');
  return answer ? text(answer) : '';
}
