import { after } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { openCloud } from '../../../support/cloud.ts';

/** An embedded AWS for a file of tests, its S3 as the platform's account sees it, and what the tests do all the time. */
export async function openBuckets() {
  const world = await openCloud();
  after(() => world.close());
  const { s3 } = world.as('test');
  return { world, s3, ...createBuckets(s3) };
}

function createBuckets(s3: S3Client) {
  let buckets = 0;
  return {
    async newBucket(versioning?: 'Enabled' | 'Suspended'): Promise<string> {
      const Bucket = `bucket-${++buckets}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      if (versioning) {
        await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: versioning } }));
      }
      return Bucket;
    },
    put: (Bucket: string, Key: string, Body: string | Buffer, more = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    async get(Bucket: string, Key: string, more = {}) {
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
      return { ...answer, text: (await answer.Body?.transformToString()) ?? '' };
    },
  };
}

/** A request that the SDK would not make, signed as an account's key may be: by anything. */
export function s3Headers(): Record<string, string> {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `test/${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
  return {
    'x-amz-date': stamp,
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`,
  };
}
