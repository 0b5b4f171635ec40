import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { awsError } from '../../../support/cloud.ts';
import { openBuckets, s3Headers } from './buckets.ts';

const { world, s3, newBucket, put, get } = await openBuckets();

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
    fetch(`${world.cloud.url}/${Bucket}/k`, {
      method: 'PUT',
      headers: {
        ...s3Headers(),
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
