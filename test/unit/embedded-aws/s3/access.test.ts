import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
} from '@aws-sdk/client-s3';
import { awsError } from '../../../support/cloud.ts';
import { openBuckets, s3Headers } from './buckets.ts';

const { world, s3, newBucket, put, get } = await openBuckets();

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

test('a subresource that is not emulated is refused, not taken for the object or the bucket', async () => {
  const Bucket = await newBucket();
  await put(Bucket, 'k', 'body');
  for (const [method, path] of [
    ['GET', `/${Bucket}/k?tagging`],
    ['PUT', `/${Bucket}/k?acl`],
    ['GET', `/${Bucket}?lifecycle`],
    ['DELETE', `/${Bucket}?website`],
  ] as const) {
    const answer = await fetch(world.cloud.url + path, { method, headers: s3Headers() });
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
  const request = httpRequest({
    port: world.cloud.port,
    path,
    headers: { ...s3Headers(), host },
  }).end();
  const [answer]: IncomingMessage[] = await once(request, 'response');
  return answer ? text(answer) : '';
}
