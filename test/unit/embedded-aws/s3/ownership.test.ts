import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { awsError } from '../../../support/cloud.ts';
import { openBuckets } from './buckets.ts';

const OWNER = '000000000000';
const STRANGER = '444444444444';

const { world, s3, newBucket } = await openBuckets();

test('a request that expects another owner of its bucket is refused, whoever may write there', async () => {
  const Bucket = await newBucket();
  const put = (ExpectedBucketOwner: string) =>
    s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ExpectedBucketOwner }));
  await put(OWNER);
  await assert.rejects(put(STRANGER), awsError('AccessDenied', { status: 403 }));
  const other = { Bucket, Key: 'k', ExpectedBucketOwner: STRANGER };
  for (const command of [new GetObjectCommand(other), new CreateMultipartUploadCommand(other)]) {
    await assert.rejects(s3.send(command as GetObjectCommand), awsError('AccessDenied', { status: 403 }));
  }
});

test('an ACL that hands an object to the owner of the bucket takes a permission of its own; other ACLs are switched off', async () => {
  const Bucket = await newBucket();
  const { iam } = world.as(OWNER);
  const trust = { Effect: 'Allow', Principal: { AWS: OWNER }, Action: 'sts:AssumeRole' };
  const document = (statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new CreateRoleCommand({ RoleName: 'writer', AssumeRolePolicyDocument: document(trust) }));
  const allow = (...actions: string[]) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'writer',
        PolicyName: 'write',
        PolicyDocument: document({ Effect: 'Allow', Action: actions, Resource: `arn:aws:s3:::${Bucket}/*` }),
      }),
    );
  await allow('s3:PutObject');
  const writer = world.as(await world.assume({ RoleArn: `arn:aws:iam::${OWNER}:role/writer` })).s3;
  const put = (ACL?: 'bucket-owner-full-control' | 'public-read') =>
    writer.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...(ACL ? { ACL } : {}) }));
  await put();
  await assert.rejects(put('bucket-owner-full-control'), awsError('AccessDenied', { message: /s3:PutObjectAcl/ }));
  await allow('s3:PutObject', 's3:PutObjectAcl');
  await put('bucket-owner-full-control');
  await assert.rejects(put('public-read'), awsError('AccessControlListNotSupported', { status: 400 }));
});

test('the encryption that was asked for is remembered', async () => {
  const Bucket = await newBucket();
  const SSEKMSKeyId = 'arn:aws:kms:us-east-1:000000000000:key/1';
  const encryption = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId, BucketKeyEnabled: true } as const;
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...encryption }));
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
  assert.deepEqual(
    [head.ServerSideEncryption, head.SSEKMSKeyId, head.BucketKeyEnabled],
    ['aws:kms', SSEKMSKeyId, true],
  );
});
