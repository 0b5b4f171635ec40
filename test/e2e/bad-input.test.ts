import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { takeRecords } from '../../local/workload/object.ts';
import { encodeParquet } from '../../local/workload/parquet.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { until } from '../support/until.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

const ACME = tenantOf('acme-corp');
const OFF = tenantOf('switched-off', { enabled: false });
const NOW_MS = Date.now();

const source = createRecordSource({ seed: 'bad', tenantId: 'acme-corp', clusterId: 'eu-1', environment: 'prod' });
const records = takeRecords(source, 200_000, NOW_MS - 60_000, NOW_MS);

function s3Event(bucket: string, key: string, eventName = 'ObjectCreated:Put'): string {
  const object = { key: encodeURIComponent(key), eTag: 'd41d8cd98f00b204e9800998ecf8427e', size: 10 };
  return JSON.stringify({ Records: [{ eventName, s3: { bucket: { name: bucket }, object } }] });
}

suite('bad input', () => {
  let pipeline: TestPipeline;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME, OFF] });
    await pipeline.putItem({ tenant_id: 'half-made', type: 'cloudwatch', log_group_name: '/x', retention_days: 2 });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  for (const [what, body] of Object.entries({
    'text that is no JSON': 'garbage-1 {',
    'JSON that is no notification': '{"is":"garbage-2"}',
    'an SNS envelope around something else': JSON.stringify({
      Type: 'Notification',
      TopicArn: 'x',
      Message: 'garbage-3',
    }),
    'an event that is no creation': s3Event('b', 'garbage-4', 'ObjectRemoved:Delete'),
  })) {
    test(`${what} becomes a dead letter with its body unchanged`, async () => {
      await pipeline.send(body);
      const letter = await pipeline.deadLetter(/garbage-\d/.exec(body)?.[0] ?? '');
      assert.equal(letter.body, body);
      assert.equal(letter.reason, 'not-a-notification');
    });
  }

  test("S3's test event is acknowledged", async () => {
    await pipeline.send(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: pipeline.names.bucket }));
    await until(async () => (await pipeline.queued()) === 0, 'the queue is empty');
  });

  for (const [what, key, reason, tenant] of [
    ['an empty tenant in the key', 'logs/tenant_id=/cluster_id=c/environment=e/empty.log', 'object-key-invalid', ''],
    ['a double slash in the key', 'logs//cluster_id=c/environment=e/slashes.log', 'object-key-invalid', ''],
    ['a tenant that nobody knows', keyOf('nobody', 'unknown.log'), 'tenant-unknown', 'nobody'],
    ['a tenant whose item is invalid', keyOf('half-made', 'invalid.log'), 'tenant-invalid', 'half-made'],
  ] as const) {
    test(`${what} makes a dead letter with the reason`, async () => {
      await pipeline.put(key, '{"message":"m"}');
      const letter = await pipeline.deadLetter(key);
      assert.equal(letter.reason, reason);
      assert.equal(letter.tenantId, tenant);
      assert.ok(letter.object.startsWith(`s3://${pipeline.names.bucket}/${key}#`));
      if (reason === 'tenant-invalid')
        assert.match(letter.detail, /log_distribution_role_arn: .*retention_days: must be/);
    });
  }

  test('an object that is gone makes a dead letter', async () => {
    const key = keyOf('acme-corp', 'gone.log');
    await pipeline.send(s3Event(pipeline.names.bucket, key));
    assert.equal((await pipeline.deadLetter(key)).reason, 'object-gone');
  });

  test('objects of a delivery that is switched off are acknowledged and counted', async () => {
    await pipeline.put(keyOf('switched-off', 'x.log'), '{"message":"m"}');
    await pipeline.untilObjects(1, 'skipped');
  });

  test('corrupt and truncated objects make dead letters that say so', async () => {
    const parquet = await encodeParquet(records);
    const gzip = gzipSync(records.map((record) => JSON.stringify(record)).join('\n'));
    const objects: Record<string, Buffer> = {
      'truncated.parquet': parquet.subarray(0, parquet.length - 100),
      'flipped.parquet': Buffer.from(parquet).fill(0xff, 2_000, 2_100),
      'not.parquet': Buffer.from('this is no Parquet at all'),
      'truncated.log.gz': gzip.subarray(0, gzip.length - 10),
      'flipped.log.gz': Buffer.from(gzip).fill(0xff, 100, 120),
      'endless.log': Buffer.alloc(40 * 1024 * 1024, 'x'),
    };
    for (const [name, body] of Object.entries(objects)) await pipeline.put(keyOf('acme-corp', name), body);
    for (const name of Object.keys(objects)) {
      const letter = await pipeline.deadLetter(name);
      assert.equal(letter.reason, 'object-corrupt', name);
      assert.equal(letter.tenantId, 'acme-corp');
    }
  });

  test('broken lines and records of other tenants go to quarantine, and the rest is delivered', async () => {
    const at = new Date(NOW_MS).toISOString();
    const lines = [
      JSON.stringify({ message: 'good', timestamp: at, customer_tenant: 'acme-corp' }),
      'this is no JSON',
      JSON.stringify({ message: 'of somebody else', timestamp: at, customer_tenant: 'globex' }),
      JSON.stringify({ note: 'no message', timestamp: at }),
      JSON.stringify({ message: 'no time' }),
      JSON.stringify({ message: 'odd time', timestamp: 'yesterday' }),
      JSON.stringify({ message: '', timestamp: at }),
    ];
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf('acme-corp', 'mixed.log'), lines.join('\n'));
    await pipeline.untilObjects(done + 1);

    const delivered = (await pipeline.logs(ACME)).map(({ message }) => message);
    for (const message of ['good', lines[3], 'no time', 'odd time'])
      assert.ok(message !== undefined && delivered.includes(message), String(message));
    assert.ok(!delivered.includes('of somebody else'));
    const kept = await pipeline.quarantine('acme-corp');
    assert.deepEqual(
      kept
        .map(({ reason, record, message }) => ({ reason, record, message }))
        .sort((a, b) => Number(a.record) - Number(b.record)),
      [
        { reason: 'unparsable', record: 1, message: 'this is no JSON' },
        { reason: 'foreign_tenant', record: 2, message: 'of somebody else' },
      ],
    );
    const counts = (await pipeline.ledger()).find(({ object }) => String(object).includes('mixed.log'))?.counts;
    assert.deepEqual(counts, { read: 7, delivered: 4, filtered: 1, rejected: 0, quarantined: 2 });
  });

  test('an empty object is done at once', async () => {
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf('acme-corp', 'empty.log'), '');
    await pipeline.untilObjects(done + 1);
  });
});
