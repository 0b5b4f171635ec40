import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { isWanted } from '../../local/workload/filter.ts';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

/** What one tenant's trouble does to the others. Needs fault rules, and an AWS that looks at who is who. */
const skip = process.env.AWS_ENDPOINT_URL ? 'the endpoint has no fault rules' : false;

const QUIET = tenantOf('quiet');
const FLOOD = tenantOf('flood');
const EXTERNAL_ID = 'not-what-the-role-asks-for';
const BROKEN = tenantOf('broken', { external_id: EXTERNAL_ID });
const NOW_MS = Date.now();
/** The same settings as anywhere, but nobody waits for minutes. */
const IMPATIENT = { PROBE_SECONDS: '1', WORKER_THREADS: '2' };

const line = (message: string) => JSON.stringify({ message, timestamp: NOW_MS });
const names = (what: string, count: number) => Array.from({ length: count }, (_, at) => `${what} ${at}`);

async function putAll(pipeline: TestPipeline, tenantId: string, messages: readonly string[]): Promise<void> {
  await Promise.all(messages.map((message) => pipeline.put(keyOf(tenantId, `${message}.log`), line(message))));
}

async function arrived(pipeline: TestPipeline, tenant: typeof QUIET): Promise<string[]> {
  return (await pipeline.logs(tenant)).map(({ message }) => message).sort();
}

test('a tenant whose objects come behind the flood of another is served while most of the flood still waits', {
  skip,
}, async () => {
  await using pipeline = await startPipeline({ tenants: [QUIET, FLOOD], service: IMPATIENT });
  await pipeline.startService(IMPATIENT);
  // Each call takes so long that the flood outlasts everything else here, on a busy machine too.
  pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    account: FLOOD.accountId,
    effect: { kind: 'latency', ms: 1_000 },
  });
  const flood = names('flood', 300);
  const quiet = names('quiet', 10);
  await putAll(pipeline, 'flood', flood);
  await putAll(pipeline, 'quiet', quiet);
  await until(async () => (await arrived(pipeline, QUIET)).length === quiet.length, 'the quiet tenant has its logs');
  const floodSoFar = (await arrived(pipeline, FLOOD)).length;
  assert.ok(floodSoFar < flood.length / 2, `${floodSoFar} of ${flood.length} objects of the flood were before it`);
  assert.ok((await pipeline.metric('messages_handed_back_total', { reason: 'surplus' })) > 0);

  pipeline.cloud?.faults.clear();
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual(await arrived(pipeline, FLOOD), flood.sort(), 'every object once');
  assert.deepEqual(await arrived(pipeline, QUIET), quiet.sort());
});

test('a tenant whose role refuses us is tried now and then, loses nothing, and goes on by itself once it is fixed', {
  skip,
}, async () => {
  await using pipeline = await startPipeline({ tenants: [QUIET, BROKEN], service: IMPATIENT });
  const objects = names('broken', 20);
  await putAll(pipeline, 'broken', objects);
  const circuit = async () =>
    (await pipeline.status()).tenants.find(({ tenant }) => tenant === 'broken')?.circuits[0] ?? {};
  await until(async () => 'state' in (await circuit()), 'the circuit is open');
  const { delivery, code } = (await circuit()) as { delivery: string; code: string };
  assert.deepEqual([delivery, code], ['cloudwatch', 'role-refused']);
  assert.equal(await pipeline.metric('circuit_open', { tenant: 'broken', code: 'role-refused' }), 1);

  await putAll(pipeline, 'quiet', names('quiet', 10));
  await until(async () => (await arrived(pipeline, QUIET)).length === 10, 'the other tenant has its logs');
  // One that is sent anew right now counts twice.
  assert.ok((await pipeline.queued()) >= 20, 'every message is kept');
  const tries = pipeline.cloud?.calls.count({ service: 'sts', action: 'AssumeRole', outcome: 'AccessDenied' }) ?? 0;
  assert.ok(tries < 10, `${tries} calls for 20 objects`);

  // The customer changes the role's trust policy.
  await pipeline.addTenant({ ...BROKEN, externalId: EXTERNAL_ID });
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual(await arrived(pipeline, BROKEN), objects.sort());
  assert.deepEqual(await circuit(), {});
  assert.equal(await pipeline.metric('circuit_open'), 0);
  assert.equal(await pipeline.metric('dead_letters_total'), 0);
});

test('a tenant that is throttled to death holds nobody up, and is delivered once its account lets it', {
  skip,
}, async () => {
  await using pipeline = await startPipeline({
    tenants: [QUIET, FLOOD],
    service: { ...IMPATIENT, WORKER_THREADS: '1' },
  });
  const throttle = pipeline.cloud?.faults.add({
    service: 'logs',
    action: 'PutLogEvents',
    account: FLOOD.accountId,
    effect: { kind: 'throttle' },
  });
  const throttled = names('throttled', 20);
  await putAll(pipeline, 'flood', throttled);
  await until(() => (throttle?.struck ?? 0) > 0, 'calls are throttled');
  await putAll(pipeline, 'quiet', names('quiet', 10));
  await until(async () => (await arrived(pipeline, QUIET)).length === 10, 'the other tenant has its logs');
  assert.equal(await pipeline.metric('destinations_limited'), 1);
  assert.ok((await pipeline.queued()) >= 20);

  pipeline.cloud?.faults.clear();
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual(await arrived(pipeline, FLOOD), throttled.sort());
  assert.equal(await pipeline.metric('dead_letters_total'), 0);
});

test('a refused bucket of a tenant does not keep its logs from its log group, and gets them once it is there', {
  skip,
}, async () => {
  const bucket = `both-${randomBytes(4).toString('hex')}`;
  const both = tenantOf('both');
  const deliveries = [...both.deliveries, { type: 's3', bucket_name: bucket, bucket_prefix: 'in/' }];
  await using pipeline = await startPipeline({ tenants: [{ ...both, deliveries }], service: IMPATIENT });
  const objects = names('object', 10);
  await putAll(pipeline, 'both', objects);
  await until(async () => (await arrived(pipeline, both)).length === 10, 'the log group has everything');
  await until(async () => (await pipeline.metric('circuit_open', { code: 'destination-refused' })) === 1);
  const [tenant] = (await pipeline.status()).tenants;
  assert.deepEqual(
    tenant?.circuits.map(({ delivery, code }) => [delivery, code]),
    [['s3', 'destination-refused']],
  );

  await pipeline.addTenant({ ...both, deliveries, bucket: { name: bucket, prefix: 'in/' } });
  await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  assert.deepEqual(await arrived(pipeline, both), objects.sort(), 'nothing was delivered twice');
  const { Contents = [] } = await pipeline.deps.s3Of(both.accountId).send(new ListObjectsV2Command({ Bucket: bucket }));
  assert.deepEqual(
    Contents.map(({ Key }) => Key).sort(),
    objects.map((name) => `in/${keyOf('both', `${name}.log`)}`).sort(),
  );
});

test('a bucket gets objects as they are, or the records that its delivery wants', { skip }, async () => {
  const bucket = `archive-${randomBytes(4).toString('hex')}`;
  const archive = {
    ...tenantOf('archive'),
    bucket: { name: bucket, prefix: '' },
    deliveries: [
      { type: 's3', bucket_name: bucket, bucket_prefix: 'all/' },
      { type: 's3#errors', bucket_name: bucket, bucket_prefix: 'errors/', min_log_level: 'error' },
    ],
  };
  await using pipeline = await startPipeline({ tenants: [archive] });
  const source = createRecordSource({ seed: 's3', tenantId: 'archive', clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, 200_000, NOW_MS - 60_000, NOW_MS);
  const key = keyOf('archive', 'a.parquet');
  const body = await encodeRecords(records, 'parquet');
  await pipeline.put(key, body);
  await pipeline.untilObjects(2);
  const s3 = pipeline.deps.s3Of(archive.accountId);
  const fetchObject = async (Key: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
  assert.ok((await fetchObject(`all/${key}`)).equals(Buffer.from(body)));
  const errors = gunzipSync(await fetchObject(`errors/${key}.000000000000.ndjson.gz`))
    .toString()
    .trimEnd()
    .split('\n');
  const wanted = records.filter((record) => isWanted(record, { minLevel: 'error' }));
  const messages = errors.map((text) => JSON.parse(text).message);
  assert.ok(
    messages.length === wanted.length && messages.every((message, at) => message === wanted[at]?.message),
    `${messages.length} records of ${wanted.length}, or others`,
  );
  const counts = (await pipeline.ledger()).find(({ delivery }) => delivery === 'archive/s3#errors')?.counts;
  assert.deepEqual(counts, {
    read: records.length,
    delivered: wanted.length,
    filtered: records.length - wanted.length,
    rejected: 0,
    quarantined: 0,
  });
});
