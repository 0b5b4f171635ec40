import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { awsError, openCloud } from '../../../support/cloud.ts';
import { openBuckets } from './buckets.ts';

const { s3, newBucket, put, get } = await openBuckets();

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
