import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { awsError, type Clients, type Identity, openCloud, TEST_REGION } from '../../../support/cloud.ts';

let world: Awaited<ReturnType<typeof openCloud>>;
let offsetMs = 0;
let session: Exclude<Identity, string>;
before(async () => {
  world = await openCloud({ nowMs: () => Date.now() + offsetMs });
  const made = await world.assume({ RoleArn: 'arn:aws:iam::111111111111:role/OrganizationAccountAccessRole' });
  assert.notEqual(typeof made, 'string');
  session = made as Exclude<Identity, string>;
});
after(() => world.close());

type Handled = Parameters<NodeHttpHandler['handle']>[0];

/** Clients whose requests are changed after they were signed, like by somebody on the way. */
function tampered(change: (request: Handled) => void) {
  const requestHandler = new NodeHttpHandler();
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = (request, options) => {
    change(request);
    return handle(request, options);
  };
  const config = {
    endpoint: world.cloud.url,
    region: TEST_REGION,
    credentials: session,
    maxAttempts: 1,
    requestHandler,
  };
  return { logs: new CloudWatchLogsClient(config), s3: new S3Client(config) };
}
const describe = ({ logs }: Pick<Clients, 'logs'>) => logs.send(new DescribeLogGroupsCommand({}));

test('a call that is signed right is let in', async () => {
  await describe(world.as(session));
});

test('keys with all kinds of characters are signed as they are sent', async () => {
  const { s3 } = world.as(session);
  await s3.send(new CreateBucketCommand({ Bucket: 'odd-keys' }));
  const keys = ['a b+c', "it's (1)*!", 'tenant=ä/€/😀', 'double//slash', '%41', 'a?b#c&d=e', './dot'];
  for (const Key of keys) {
    await s3.send(new PutObjectCommand({ Bucket: 'odd-keys', Key, Body: Key }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'odd-keys', Key }));
    assert.equal(await Body?.transformToString(), Key);
  }
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'odd-keys', Prefix: 'a?b#c&d' }));
  assert.deepEqual(
    listed.Contents?.map(({ Key }) => Key),
    ['a?b#c&d=e'],
  );
});

test('another secret makes another signature', async () => {
  const forged = { ...session, secretAccessKey: 'x'.repeat(40) };
  await assert.rejects(describe(world.as(forged)), awsError('InvalidSignatureException', { status: 400 }));
  await assert.rejects(
    world.as(forged).sts.send(new GetCallerIdentityCommand({})),
    awsError('SignatureDoesNotMatch', { status: 403 }),
  );
  await assert.rejects(
    world.as(forged).s3.send(new ListObjectsV2Command({ Bucket: 'any' })),
    awsError('SignatureDoesNotMatch', { status: 403 }),
  );
});

test('a body that was changed after signing is refused, in each service by its own name', async () => {
  const clients = tampered((request) => {
    const { buffer, byteOffset, byteLength } = request.body;
    const text =
      typeof request.body === 'string' ? request.body : Buffer.from(buffer, byteOffset, byteLength).toString();
    request.body = text.replace('/right', '/wrong');
  });
  await assert.rejects(
    clients.logs.send(new CreateLogGroupCommand({ logGroupName: '/right' })),
    awsError('InvalidSignatureException'),
  );
  await world.as('111111111111').s3.send(new CreateBucketCommand({ Bucket: 'tampered' }));
  await assert.rejects(
    clients.s3.send(new PutObjectCommand({ Bucket: 'tampered', Key: 'k', Body: '/right' })),
    awsError('XAmzContentSHA256Mismatch', { status: 400 }),
  );
  assert.equal((await describe(world.as('111111111111'))).logGroups?.length, 0);
});

test('a signed header or a path that was changed is refused', async () => {
  const header = tampered((request) => {
    request.headers['x-amz-target'] = 'Logs_20140328.DeleteLogGroup';
  });
  await assert.rejects(describe(header), awsError('InvalidSignatureException'));
  const path = tampered((request) => {
    request.path = '/other/key';
  });
  await assert.rejects(
    path.s3.send(new GetObjectCommand({ Bucket: 'any', Key: 'key' })),
    awsError('SignatureDoesNotMatch'),
  );
});

test('a header that is sent in two lines is signed as one, with a comma between its values', async () => {
  const clients = tampered((request) => {
    Object.assign(request.headers, { 'content-encoding': ['gzip', 'identity'] });
  });
  const { s3 } = world.as('111111111111');
  await s3.send(new CreateBucketCommand({ Bucket: 'two-lines' }));
  const object = { Bucket: 'two-lines', Key: 'k' };
  await clients.s3.send(new PutObjectCommand({ ...object, Body: 'x', ContentEncoding: 'gzip,identity' }));
  assert.equal((await s3.send(new GetObjectCommand(object))).ContentEncoding, 'gzip,identity');
});

test("a token that is not the session's is refused", async () => {
  await assert.rejects(
    describe(world.as({ ...session, sessionToken: 'other' })),
    awsError('UnrecognizedClientException', { status: 400 }),
  );
});

test('a key that nobody has is refused, in each service by its own name', async () => {
  const stranger = world.as({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' });
  await assert.rejects(describe(stranger), awsError('UnrecognizedClientException', { status: 400 }));
  await assert.rejects(
    stranger.sts.send(new GetCallerIdentityCommand({})),
    awsError('InvalidClientTokenId', { status: 403 }),
  );
  await assert.rejects(
    stranger.s3.send(new ListObjectsV2Command({ Bucket: 'any' })),
    awsError('InvalidAccessKeyId', { status: 403 }),
  );
  await assert.rejects(stranger.sqs.send(new ListQueuesCommand({})), awsError('UnrecognizedClientException'));
});

test('an unsigned call is refused', async () => {
  const answers = await Promise.all([
    fetch(world.cloud.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'Logs_20140328.DescribeLogGroups' },
      body: '{}',
    }),
    fetch(world.cloud.url, {
      method: 'POST',
      body: new URLSearchParams({ Action: 'GetCallerIdentity', Version: '2011-06-15' }),
    }),
    fetch(`${world.cloud.url}/bucket/key`),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [400, 403, 403],
  );
  const texts = await Promise.all(answers.map((one) => one.text()));
  assert.match(texts[0] ?? '', /"__type":"MissingAuthenticationTokenException"/);
  assert.match(texts[1] ?? '', /<Code>MissingAuthenticationToken</);
  assert.match(texts[2] ?? '', /<Code>AccessDenied</);
});

const SKEWS: readonly (readonly [sentence: string, offsetMs: number, logs: RegExp | undefined, s3: boolean])[] = [
  ['4 minutes ahead', 4 * 60_000, undefined, true],
  ['4 minutes behind', -4 * 60_000, undefined, true],
  ['6 minutes ahead', 6 * 60_000, /^Signature expired: \d{8}T\d{6}Z is now earlier than .* - 5 min\.\)$/, true],
  ['6 minutes behind', -6 * 60_000, /^Signature not yet current: .* \+ 5 min\.\)$/, true],
  ['16 minutes ahead', 16 * 60_000, /^Signature expired/, false],
];
for (const [sentence, skewMs, logs, s3] of SKEWS) {
  test(`of a service whose clock is ${sentence}, ${logs ? 'CloudWatch Logs refuses' : 'CloudWatch Logs takes'} and S3 ${s3 ? 'takes' : 'refuses'} a call`, async () => {
    await world.as('222222222222').s3.send(new CreateBucketCommand({ Bucket: 'skewed' }));
    offsetMs = skewMs;
    try {
      const clients = world.as('222222222222', TEST_REGION);
      if (logs) await assert.rejects(describe(clients), awsError('InvalidSignatureException', { message: logs }));
      else await describe(clients);
      const listing = clients.s3.send(new ListObjectsV2Command({ Bucket: 'skewed' }));
      if (s3) await listing;
      else await assert.rejects(listing, awsError('RequestTimeTooSkewed', { status: 403 }));
    } finally {
      offsetMs = 0;
    }
  });
}

test('an expired session is told so, in each service by its own name', async () => {
  const RoleArn = 'arn:aws:iam::111111111111:role/OrganizationAccountAccessRole';
  const short = await world.assume({ RoleArn, DurationSeconds: 900 });
  const fresh = world.as(short);
  await describe(fresh);
  offsetMs = 901_000;
  try {
    // The first call is skewed; from its answer's Date the SDK learns the time.
    const clients = world.as(short);
    for (const call of [
      () => describe(clients),
      () => clients.sts.send(new GetCallerIdentityCommand({})),
      () => clients.s3.send(new ListObjectsV2Command({ Bucket: 'any' })),
    ])
      await call().catch(() => {});
    await assert.rejects(describe(clients), awsError('ExpiredTokenException', { status: 400 }));
    await assert.rejects(clients.sts.send(new GetCallerIdentityCommand({})), awsError('ExpiredToken', { status: 403 }));
    await assert.rejects(
      clients.s3.send(new ListObjectsV2Command({ Bucket: 'any' })),
      awsError('ExpiredToken', { status: 400 }),
    );
  } finally {
    offsetMs = 0;
  }
});
