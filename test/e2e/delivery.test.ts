import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isWanted } from '../../local/workload/filter.ts';
import { encodeRecords, OBJECT_FORMATS, takeRecords } from '../../local/workload/object.ts';
import type { LogRecord } from '../../local/workload/record.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { keyOf } from '../support/tenant.ts';
import { startPipeline, type TestPipeline, tenantOf } from './pipeline.ts';

const ACME = tenantOf('acme-corp');
const GLOBEX = tenantOf('globex', {
  min_log_level: 'warn',
  log_stream_name: '{cluster_id}/{pod_name}',
});
const INITECH = tenantOf('initech', {
  log_group_name: '/tenant-logs/initech/{application}',
  desired_logs: ['gateway', 'payments', 'audit'],
  retention_days: 30,
});
const HOOLI = {
  ...tenantOf('hooli'),
  deliveries: [
    { type: 'cloudwatch', log_group_name: '/tenant-logs/hooli/app', desired_logs: ['checkout'] },
    {
      type: 'cloudwatch#audit',
      log_group_name: '/tenant-logs/hooli/audit',
      desired_logs: ['audit'],
      message_format: 'record',
    },
  ],
};

const NOW_MS = Math.floor(Date.now() / 1000) * 1000;

function records(tenantId: string, seed: string, messageBytes = 150_000): LogRecord[] {
  const source = createRecordSource({ seed, tenantId, clusterId: 'eu-1', environment: 'prod' });
  return takeRecords(source, messageBytes, NOW_MS - 60_000, NOW_MS);
}

/** Sorted text of events, for comparison as multisets. */
function multiset(events: readonly { readonly timestamp: number; readonly message: string }[]): string[] {
  return events.map(({ timestamp, message }) => `${timestamp} ${message}`).sort();
}

suite('delivery', () => {
  let pipeline: TestPipeline;
  before(async () => {
    pipeline = await startPipeline({ tenants: [ACME, GLOBEX, INITECH, HOOLI] });
  });
  after(() => pipeline[Symbol.asyncDispose]());

  test('objects of every format arrive complete, once, in the right account and under the right names', async () => {
    const written = new Map<string, LogRecord[]>();
    let objects = 0;
    for (const tenant of [ACME, GLOBEX, INITECH]) {
      for (const format of OBJECT_FORMATS) {
        const some = records(tenant.tenantId, format);
        written.set(tenant.tenantId, [...(written.get(tenant.tenantId) ?? []), ...some]);
        await pipeline.put(keyOf(tenant.tenantId, `object.${format}`), await encodeRecords(some, format));
        objects++;
      }
      const some = records(tenant.tenantId, 'array');
      written.get(tenant.tenantId)?.push(...some);
      const array = some
        .map((record) => JSON.stringify({ ...record, timestamp: new Date(record.timestamp) }))
        .join(',\n');
      await pipeline.put(keyOf(tenant.tenantId, 'array.json'), `[${array}]`);
      objects++;
    }
    await pipeline.untilObjects(objects);

    const acme = await pipeline.logs(ACME);
    assert.deepEqual(multiset(acme), multiset(written.get('acme-corp') ?? []));
    assert.deepEqual([...new Set(acme.map(({ group }) => group))], ['/tenant-logs/acme-corp']);
    const day = new Date(NOW_MS).toISOString().slice(0, 10);
    assert.ok(
      acme.every(
        ({ stream, timestamp }) => stream === `eu-1-prod-${new Date(timestamp).toISOString().slice(0, 10)}` && day,
      ),
    );

    const globex = await pipeline.logs(GLOBEX);
    const loud = (written.get('globex') ?? []).filter((record) => isWanted(record, { minLevel: 'warn' }));
    assert.deepEqual(multiset(globex), multiset(loud));
    assert.deepEqual(
      new Set(globex.map(({ stream }) => stream)),
      new Set(loud.map(({ cluster_id, kubernetes }) => `${cluster_id}/${kubernetes.pod_name}`)),
    );

    const initech = await pipeline.logs(INITECH);
    const applications = ['gateway', 'payments', 'audit'];
    const wanted = (written.get('initech') ?? []).filter((record) => isWanted(record, { applications }));
    assert.deepEqual(multiset(initech), multiset(wanted));
    assert.deepEqual(
      [...new Set(initech.map(({ group }) => group))].sort(),
      applications.map((name) => `/tenant-logs/initech/${name}`).sort(),
    );
    assert.equal(await pipeline.metric('events_total'), [...written.values()].flat().length);
  });

  test('a tenant with two deliveries gets both, each with its own filter and format', async () => {
    const some = records('hooli', 'two');
    const before = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf('hooli', 'two.log.gz'), await encodeRecords(some, 'ndjson+gzip'));
    await pipeline.untilObjects(before + 2);
    const found = await pipeline.logs(HOOLI);
    const inGroup = (group: string) => found.filter((event) => event.group === group);
    assert.deepEqual(
      multiset(inGroup('/tenant-logs/hooli/app')),
      multiset(some.filter(({ application }) => application === 'checkout')),
    );
    const audit = inGroup('/tenant-logs/hooli/audit').map(({ message }) => JSON.parse(message));
    assert.deepEqual(
      audit.map(({ message }) => message).sort(),
      some
        .filter(({ application }) => application === 'audit')
        .map(({ message }) => message)
        .sort(),
    );
    assert.ok(audit.every(({ customer_tenant: tenant }) => tenant === 'hooli'));
  });

  test('keys with +, spaces, percent signs and other scripts name their objects', async () => {
    const names = ['a+b c.log', '100% done.log', 'Köln/東京.log', 'q?x=1&y=2#z.log'];
    const before = await pipeline.metric('objects_total', { outcome: 'done' });
    for (const name of names) {
      const body = JSON.stringify({ message: `object ${name}`, timestamp: new Date(NOW_MS).toISOString() });
      await pipeline.put(keyOf('acme-corp', name), body);
    }
    await pipeline.untilObjects(before + names.length);
    const messages = (await pipeline.logs(ACME))
      .map(({ message }) => message)
      .filter((text) => text.startsWith('object '));
    assert.deepEqual(messages.sort(), names.map((name) => `object ${name}`).sort());
  });

  test('an object announced again is acknowledged and not delivered again', async () => {
    const body = JSON.stringify({ message: 'only once', timestamp: NOW_MS });
    const done = await pipeline.metric('objects_total', { outcome: 'done' });
    const duplicates = await pipeline.metric('objects_total', { outcome: 'duplicate' });
    const key = keyOf('acme-corp', 'again.log');
    await pipeline.put(key, body);
    await pipeline.untilObjects(done + 1);
    // The same bytes have the same ETag: the ledger knows them.
    await pipeline.put(key, body);
    await pipeline.untilObjects(duplicates + 1, 'duplicate');
    assert.equal((await pipeline.logs(ACME)).filter(({ message }) => message === 'only once').length, 1);
  });

  test('an event longer than CloudWatch takes comes in parts that join to the original', async () => {
    const message = 'begin '.concat('é🚚 long '.repeat(230_000), 'end');
    assert.ok(Buffer.byteLength(message) > 2_500_000);
    const before = await pipeline.metric('objects_total', { outcome: 'done' });
    await pipeline.put(keyOf('acme-corp', 'long.log.gz'), gzipSync(JSON.stringify({ message, timestamp: NOW_MS })));
    await pipeline.untilObjects(before + 1);
    const parts = (await pipeline.logs(ACME))
      .map((event) => /^\[part (\d+)\/(\d+) of record 0\] (.*)$/s.exec(event.message))
      .filter((match) => match !== null)
      .sort(([, a], [, b]) => Number(a) - Number(b));
    assert.ok(parts.length >= 3 && parts.every(([, , of]) => Number(of) === parts.length));
    assert.equal(parts.map(([, , , text]) => text).join(''), message);
  });

  test('nothing is left in the queue', async () => {
    assert.equal(await pipeline.queued(), 0);
  });
});
