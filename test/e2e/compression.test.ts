import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;
const skip = process.env.PLAIN_DECODER ? 'the plain decoder compresses nothing' : false;

/** Delivers an object to a tenant of its own, and checks that each event arrives once. */
async function deliver(pipeline: TestPipeline, tenantId: string, objects: number): Promise<void> {
  const tenant = tenantOf(tenantId);
  await pipeline.addTenant(tenant);
  const source = createRecordSource({ seed: tenantId, tenantId, clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, 300_000, NOW_MS - 60_000, NOW_MS);
  await pipeline.put(keyOf(tenantId, 'object.gz'), await encodeRecords(records, 'ndjson+gzip'));
  await pipeline.untilObjects(objects);
  const delivered = (await pipeline.logs(tenant)).map(({ timestamp, message }) => `${timestamp} ${message}`);
  assert.deepEqual(delivered.sort(), records.map(({ timestamp, message }) => `${timestamp} ${message}`).sort());
}

const sentBytes = (pipeline: TestPipeline, encoding: string) => pipeline.metric('put_sent_bytes_total', { encoding });

test('bodies are sent compressed, in half of their bytes at most', { skip }, async (t) => {
  await using pipeline = await startPipeline();
  await deliver(pipeline, 'acme-corp', 1);
  if (!pipeline.cloud) return t.diagnostic('whether other endpoints take them is theirs to say');
  assert.equal(await sentBytes(pipeline, 'identity'), 0);
  const sent = await sentBytes(pipeline, 'gzip');
  assert.ok(sent > 0 && sent < (await pipeline.metric('put_bytes_total')) / 2);
});

for (const [what, effect] of [
  ['as invalid', { kind: 'error', code: 'InvalidParameterException', status: 400, message: 'no' }],
  ['by server errors', { kind: 'error', code: 'InternalFailure', status: 500, message: 'no' }],
] as const) {
  test(`an endpoint that refuses compressed bodies ${what} gets each event once all the same`, { skip }, async (t) => {
    // Each thread finds out for itself.
    await using pipeline = await startPipeline({ service: { WORKER_THREADS: '1' } });
    if (!pipeline.cloud) return t.skip('the endpoint has no fault rules');
    pipeline.cloud.faults.add({ service: 'logs', action: 'PutLogEvents', contentEncoding: 'gzip', effect });
    await deliver(pipeline, 'acme-corp', 1);
    await deliver(pipeline, 'globex', 2);
    await deliver(pipeline, 'initech', 3);
    await deliver(pipeline, 'hooli', 4);
    const before = await sentBytes(pipeline, 'gzip');
    await deliver(pipeline, 'umbrella', 5);
    assert.equal(await sentBytes(pipeline, 'gzip'), before);
  });
}

test('with PUT_COMPRESSION=none bodies are sent as they are', { skip }, async () => {
  await using pipeline = await startPipeline({ service: { PUT_COMPRESSION: 'none' } });
  await deliver(pipeline, 'acme-corp', 1);
  assert.equal(await sentBytes(pipeline, 'gzip'), 0);
  assert.ok((await sentBytes(pipeline, 'identity')) > (await pipeline.metric('put_bytes_total')));
});
