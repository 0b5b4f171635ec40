import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { createProvisionDeps, type ProvisionDeps } from '../../../../local/provision/deps.ts';
import { PIPELINE_NAMES, provisionPipeline } from '../../../../local/provision/pipeline.ts';
import { provisionTenant } from '../../../../local/provision/tenant.ts';
import { createStsCalls, createTenantS3Calls } from '../../../../service/aws/calls.ts';
import { DistributorError } from '../../../../service/base/errors.ts';
import { createMetrics } from '../../../../service/base/metrics.ts';
import { planChunk } from '../../../../service/core/plan.ts';
import { UNWATCHED } from '../../../../service/delivery/call-watch.ts';
import type { ObjectTask } from '../../../../service/delivery/destination.ts';
import { parseDelivery } from '../../../../service/destination/parse-delivery.ts';
import { S3 } from '../../../../service/destination/s3/kind.ts';
import { createS3Destination } from '../../../../service/destination/s3/sender.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { placeOf } from '../../../support/aws.ts';
import { buildChunk } from '../../../support/chunk.ts';
import { openCloud } from '../../../support/cloud.ts';
import { createFreeRateLimiter } from '../../../support/rate-limiter.ts';
import { createTestSessions } from '../../../support/role-sessions.ts';
import { NEVER } from '../../../support/stop-signals.ts';

const ACCOUNT = '111111111111';
const BUCKET = 'acme-logs';
const MIB = 1024 * 1024;
const TASK: ObjectTask = {
  ref: { bucket: 'central', key: 'logs/a.parquet', version: 'e', versionId: undefined, size: 1, createdMs: 0 },
  keyFields: { tenant_id: 'acme', cluster_id: 'c1', environment: 'prod' },
};

let world: Awaited<ReturnType<typeof openCloud>>;
let deps: ProvisionDeps;
let owner: S3Client;
let roleArn: string;
before(async () => {
  world = await openCloud();
  deps = createProvisionDeps({ endpointUrl: world.cloud.url, region: 'us-east-1' });
  await provisionPipeline(deps);
  roleArn = await provisionTenant(
    deps,
    {
      tenantId: 'acme',
      accountId: ACCOUNT,
      externalId: 'external-acme',
      logGroupPrefix: '/acme',
      bucket: { name: BUCKET, prefix: 'in/' },
      deliveries: [],
    },
    PIPELINE_NAMES,
  );
  owner = world.as(ACCOUNT).s3;
});
after(async () => {
  deps.close();
  await world.close();
});

/** The destination of the tenant's bucket, by its role, over the embedded AWS. */
function setUp(attributes: Readonly<Record<string, unknown>> = {}) {
  const place = placeOf(world.cloud.url);
  const metrics = createMetrics();
  const rateLimiter = createFreeRateLimiter();
  const delivery = parseDelivery(
    {
      tenant_id: 'acme',
      type: 's3',
      log_distribution_role_arn: roleArn,
      external_id: 'external-acme',
      bucket_name: BUCKET,
      bucket_prefix: 'in/',
      ...attributes,
    },
    { region: 'us-east-1', applicationGroups: {} },
  );
  assert.ok(S3.is(delivery.target));
  const open = createS3Destination({
    sessions: createTestSessions(createStsCalls(place)),
    stsRegion: 'us-east-1',
    patienceMs: 60_000,
    nowMs: () => performance.now(),
    rateLimiter,
    createCalls: createTenantS3Calls(place),
    metrics,
    random: () => 0,
  });
  const destination = open({ delivery, target: delivery.target, task: TASK, watch: UNWATCHED, onNotice: () => {} });
  const copy = (bytes: Uint8Array, signals = NEVER) => destination.copy?.(memorySource('k', bytes, MIB), signals);
  const plan = (...messages: string[]) =>
    planChunk(
      buildChunk(
        messages.map((message) => ({ message })),
        { at: { record: 70, cursor: 'x' } },
      ),
      {
        delivery,
        keyFields: TASK.keyFields,
        lastModifiedMs: 0,
        eventBytesMax: 1_000_000,
      },
    );
  const send = (...messages: string[]) => {
    const planned = plan(...messages);
    const [batch] = planned.batches;
    assert.ok(batch && planned.batches.length === 1);
    return destination.send(planned, batch, NEVER);
  };
  return { copy, send, rateLimiter, metrics };
}

const fetchObject = async (Key: string) => {
  const answer = await owner.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
};
const keys = async () =>
  ((await owner.send(new ListObjectsV2Command({ Bucket: BUCKET }))).Contents ?? []).map(({ Key }) => Key);
const uploads = async () => (await owner.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? [];
const KEY = 'in/logs/a.parquet';

test("an object is copied byte for byte below the tenant's prefix, by the tenant's role", async () => {
  const bytes = randomBytes(100_000);
  await setUp().copy(bytes);
  assert.ok((await fetchObject(KEY)).bytes.equals(bytes));
  assert.ok(world.cloud.calls.count({ service: 's3', action: 'PutObject', account: ACCOUNT, outcome: 'ok' }) > 0);
});

test('an empty object is copied too', async () => {
  await setUp().copy(new Uint8Array(0));
  assert.equal((await fetchObject(KEY)).bytes.length, 0);
});

test('a large object travels in parts, and no upload is left open', async () => {
  const bytes = randomBytes(20 * MIB + 17);
  await setUp().copy(bytes);
  const { ETag, bytes: found } = await fetchObject(KEY);
  assert.ok(found.equals(bytes));
  assert.match(ETag ?? '', /-3"$/);
  assert.deepEqual(await uploads(), []);
});

test('the key that the tenant chose encrypts, whole or in parts', async () => {
  const kmsKeyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/1`;
  for (const size of [10, 9 * MIB]) {
    await setUp({ kms_key_arn: kmsKeyArn }).copy(randomBytes(size));
    const { ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled } = await fetchObject(KEY);
    assert.deepEqual([ServerSideEncryption, SSEKMSKeyId, BucketKeyEnabled], ['aws:kms', kmsKeyArn, true]);
  }
});

test('an object is handed to the owner of the bucket where the tenant asks for it, if the role may', async () => {
  const { copy } = setUp({ bucket_owner_full_control: true });
  await assert.rejects(async () => copy(randomBytes(10)), { code: 'destination-refused' });
  const allow = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:PutObjectAcl', Resource: `arn:aws:s3:::${BUCKET}/*` }],
  };
  await world.as(ACCOUNT).iam.send(
    new PutRolePolicyCommand({
      RoleName: 'LogDistribution-acme',
      PolicyName: 'acl',
      PolicyDocument: JSON.stringify(allow),
    }),
  );
  await copy(randomBytes(10));
});

test('a bucket that is not where the tenant says is not written to, whoever would let us', async () => {
  const { copy } = setUp({ bucket_account_id: '999999999999' });
  await assert.rejects(async () => copy(randomBytes(10)), {
    code: 'destination-refused',
    message:
      /^tenant acme, bucket acme-logs in us-east-1: S3 refuses the call\..* must belong to the account .* AWS: AccessDenied: Access Denied \(request id /,
  });
});

test('what the role may not write, or what is not there, is refused and not retried', async () => {
  for (const attributes of [{ bucket_prefix: 'elsewhere/' }, { bucket_name: 'no-such-bucket' }]) {
    world.cloud.calls.reset();
    await assert.rejects(async () => setUp(attributes).copy(randomBytes(10)), { code: 'destination-refused' });
    assert.equal(world.cloud.calls.count({ service: 's3' }), 1);
  }
});

for (const [code, status] of [
  ['PermanentRedirect', 301],
  ['AuthorizationHeaderMalformed', 400],
  ['KMS.KMSInvalidStateException', 400],
] as const) {
  test(`${code} is for the tenant to fix: neither tried again at once nor a dead letter`, async () => {
    const fault = world.cloud.faults.add({
      service: 's3',
      action: 'PutObject',
      effect: { kind: 'error', code, status },
    });
    await assert.rejects(async () => setUp().copy(randomBytes(10)), { code: 'destination-refused' });
    assert.equal(fault.struck, 1);
    world.cloud.faults.clear();
  });
}

test('a copy in parts that breaks off leaves no parts behind', async () => {
  const fault = world.cloud.faults.add({
    service: 's3',
    action: 'UploadPart',
    nth: 2,
    effect: { kind: 'error', code: 'AccessDenied', status: 403 },
  });
  await assert.rejects(async () => setUp().copy(randomBytes(20 * MIB)), { code: 'destination-refused' });
  assert.equal(fault.struck, 1);
  assert.deepEqual(await uploads(), []);
  world.cloud.faults.clear();
});

test('passing trouble and an expired session are sat out in the middle of a copy, and the rate limiter learns of throttling', async () => {
  world.cloud.faults.add({
    service: 's3',
    action: 'UploadPart',
    nth: 1,
    effect: { kind: 'error', code: 'InternalError' },
  });
  world.cloud.faults.add({ service: 's3', action: 'UploadPart', nth: 3, effect: { kind: 'throttle' } });
  world.cloud.faults.add({ service: 's3', action: 'UploadPart', nth: 4, effect: { kind: 'expired-token' } });
  const { copy, rateLimiter } = setUp();
  const bytes = randomBytes(20 * MIB);
  await copy(bytes);
  assert.ok((await fetchObject(KEY)).bytes.equals(bytes));
  assert.deepEqual(rateLimiter.throttles, [`s3/${ACCOUNT}/us-east-1`]);
  world.cloud.faults.clear();
});

test('a completion whose answer was lost is no refusal: the copy begins again', async () => {
  world.cloud.faults.add({
    service: 's3',
    action: 'CompleteMultipartUpload',
    nth: 1,
    effect: { kind: 'lose-answer' },
  });
  const { copy } = setUp();
  const bytes = randomBytes(9 * MIB);
  await assert.rejects(async () => copy(bytes), { code: 'copy-interrupted', message: /the copy begins again/ });
  await copy(bytes);
  assert.ok((await fetchObject(KEY)).bytes.equals(bytes));
  world.cloud.faults.clear();
});

test('an abort ends a copy with its reason', async () => {
  world.cloud.faults.add({ service: 's3', action: 'UploadPart', effect: { kind: 'half-open' } });
  const abort = new AbortController();
  const copying = Promise.resolve(setUp().copy(randomBytes(9 * MIB), { drain: NEVER.drain, abort: abort.signal }));
  copying.catch(() => {});
  const reason = new DistributorError('lease-lost', 'gone');
  abort.abort(reason);
  await assert.rejects(copying, reason);
  world.cloud.faults.clear();
});

test('records are written as gzip NDJSON beside their object, named by the first of their chunk; again overwrites', async () => {
  const { send } = setUp();
  const before = (await keys()).length;
  for (const _ of [1, 2]) {
    assert.deepEqual(await send('{"a":1}', '{\n  "pretty": "yes\\n"\r\n}'), {
      tooOldBefore: 0,
      expiredBefore: 0,
      tooNewFrom: Number.POSITIVE_INFINITY,
    });
  }
  const { bytes, ContentType } = await fetchObject('in/logs/a.parquet.000000000070.ndjson.gz');
  assert.equal(ContentType, 'application/gzip');
  const lines = gunzipSync(bytes).toString().split('\n');
  assert.deepEqual(
    lines.map((line) => line && JSON.parse(line)),
    [{ a: 1 }, { pretty: 'yes\n' }, ''],
  );
  assert.equal((await keys()).length, before + 1);
});
