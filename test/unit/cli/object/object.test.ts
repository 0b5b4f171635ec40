import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { encodeRecords, takeRecords } from '../../../../local/workload/object.ts';
import { createRecordSource } from '../../../../local/workload/source.ts';
import type { ObjectReport } from '../../../../service/cli/object/report.ts';
import { canaryBody, canaryKey } from '../../../../service/core/canary.ts';
import { compileKeyTemplate } from '../../../../service/core/object-key.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { buildTenant, keyOf } from '../../../support/tenant.ts';

/** CloudWatch Logs takes nothing that is older than 14 days. A full hour, as all lines are of one day. */
const NOW_MS = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const NOW = new Date(NOW_MS).toISOString();
const STREAM = `eu-1-prod-${NOW.slice(0, 10)}`;
const ACME = {
  ...buildTenant('acme', '111111111111'),
  deliveries: [
    { type: 'cloudwatch', log_group_name: '/tenant-logs/acme/{application}', min_log_level: 'warn' },
    { type: 'cloudwatch#all', log_group_name: '/tenant-logs/acme', enabled: false },
  ],
};
const LINES = [
  { timestamp: NOW_MS, message: 'one', application: 'api', log_level: 'error' },
  { timestamp: NOW_MS + 1, message: 'two', application: 'api', log_level: 'info' },
  { timestamp: NOW_MS + 2, message: 'three', application: 'web', log_level: 'warn' },
  { timestamp: NOW_MS + 3, message: 'four', application: 'web', log_level: 'warn', customer_tenant: 'globex' },
];
const BODY = `${LINES.map((line) => JSON.stringify(line)).join('\n')}\nno JSON\n`;

test('an object is told as the service would deliver it, and nothing is changed by that', async (t) => {
  const { cloud, run, put, pipeline } = await startCliCloud(t, [ACME]);
  const key = keyOf('acme', 'a b+c.log');
  await put(key, BODY);
  const before = cloud.calls.list().filter(({ service }) => service === 'logs' || service === 'sqs').length;
  const { code, json } = await run(['object', `s3://${pipeline.bucket}/${key}`, '--events', '2', '--json']);
  const report = json() as ObjectReport;
  assert.equal(code, 0);
  assert.equal(report.format, 'ndjson');
  assert.equal(report.records, 5);
  assert.equal(report.tenant, 'acme');
  assert.deepEqual(report.key_fields, { tenant_id: 'acme', cluster_id: 'eu-1', environment: 'prod' });
  assert.deepEqual(report.ledger, []);
  const [first, all] = report.deliveries;
  assert.equal(first?.events, 2);
  assert.equal(first?.filtered, 1);
  assert.deepEqual(first?.quarantined, { foreign_tenant: 1, unparsable: 1 });
  assert.deepEqual(
    first?.routes.map(({ group, stream, events, batches }) => [group, stream, events, batches]),
    [
      ['/tenant-logs/acme/api', STREAM, 1, 1],
      ['/tenant-logs/acme/web', STREAM, 1, 1],
    ],
  );
  assert.deepEqual(
    first?.first.map(({ timestamp, message }) => [timestamp, message]),
    [
      [NOW, 'one'],
      [NOW.replace('000Z', '002Z'), 'three'],
    ],
  );
  assert.equal(all?.enabled, false);
  assert.equal(all?.events, 3);
  assert.equal(cloud.calls.list().filter(({ service }) => service === 'logs' || service === 'sqs').length, before);
});

test('an object is read in the shape that the tenant says its objects have', async (t) => {
  const shaped = buildTenant('shaped', '333333333333', { input_format: 'json-objects' });
  const { run, put, pipeline } = await startCliCloud(t, [shaped]);
  const key = keyOf('shaped', 'a.log');
  await put(key, '{"message":"one"\n}\n');
  const report = (await run(['object', `s3://${pipeline.bucket}/${key}`, '--json'])).json() as ObjectReport;
  assert.equal(report.format, 'json-objects');
  assert.deepEqual(report.deliveries[0]?.quarantined, {});
});

test('what keeps a delivery from an object counts as it does for the service: not where the delivery is switched off', async (t) => {
  const off = buildTenant('off', '444444444444', { enabled: false });
  const { run, put, pipeline } = await startCliCloud(t, [ACME, off]);
  for (const [key, reason] of [
    [keyOf('off', 'a.parquet'), null],
    [keyOf('nobody', 'a.parquet'), 'tenant-unknown'],
    [keyOf('acme', 'a.parquet'), 'object-corrupt'],
  ] as const) {
    await put(key, 'this is no Parquet');
    const { code, json } = await run(['object', `s3://${pipeline.bucket}/${key}`, '--json']);
    assert.equal((json() as ObjectReport).dead_letter?.reason ?? null, reason, key);
    assert.equal(code, reason === null ? 0 : 1);
  }
});

test("a canary is read as the service reads it, whatever shape the tenant's objects have", async (t) => {
  const shaped = buildTenant('shaped', '333333333333', { input_format: 'cloudtrail', desired_logs: ['checkout'] });
  const { run, put, pipeline } = await startCliCloud(t, [shaped]);
  const key = canaryKey(
    compileKeyTemplate('logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/'),
    'shaped',
    NOW_MS,
  );
  await put(key, canaryBody('shaped', NOW_MS));
  const report = (await run(['object', `s3://${pipeline.bucket}/${key}`, '--json'])).json() as ObjectReport;
  assert.deepEqual([report.dead_letter, report.format, report.deliveries[0]?.events], [null, 'ndjson', 1]);
});

test('of Parquet the row groups are told', async (t) => {
  const { run, put, pipeline } = await startCliCloud(t, [ACME]);
  const source = createRecordSource({ seed: 'object', tenantId: 'acme', clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, 100_000, NOW_MS - 60_000, NOW_MS);
  const key = keyOf('acme', 'a.parquet');
  await put(key, await encodeRecords(records, 'parquet'));
  const { out } = await run(['object', `s3://${pipeline.bucket}/${key}`, '--json']);
  const { parquet, records: count, deliveries } = JSON.parse(out) as ObjectReport;
  assert.equal(count, records.length);
  assert.equal(
    parquet?.row_groups.reduce((sum, { rows }) => sum + rows, 0),
    records.length,
  );
  assert.equal(deliveries[1]?.events, records.length);
  assert.match((await run(['object', `s3://${pipeline.bucket}/${key}`])).out, /^\d+ row groups, the largest /m);
});

test('what the ledger says of the object is told, of a replay when it is asked for', async (t) => {
  const { run, put, pipeline, deps } = await startCliCloud(t, [ACME]);
  const key = keyOf('acme', 'done.log');
  await put(key, BODY);
  const object = `s3://${pipeline.bucket}/${key}#${createHash('md5').update(BODY).digest('hex')}`;
  const counts = { read: 5, delivered: 2, filtered: 1, rejected: 0, quarantined: 2 };
  const done = { object, delivery: 'acme/cloudwatch', state: 'done', counts };
  const dead = { object, delivery: 'acme/cloudwatch#all', state: 'dead', reason: 'object-corrupt', record: 4 };
  const replayed = { ...done, object: `${object}+replay:r-1`, state: 'delivering', record: 3 };
  for (const item of [done, dead, replayed])
    await deps.dynamo.send(new PutItemCommand({ TableName: pipeline.ledgerTable, Item: marshall(item) }));
  const { out } = await run(['object', `s3://${pipeline.bucket}/${key}`]);
  assert.match(out, /^ledger: acme\/cloudwatch done {2}read 5, delivered 2, /m);
  assert.match(out, /^ledger: acme\/cloudwatch#all dead {2}for object-corrupt, at record 4$/m);
  const replay = await run(['object', `s3://${pipeline.bucket}/${key}`, '--replay', 'r-1', '--json']);
  const { ledger, deliveries } = replay.json() as ObjectReport;
  // It has no state, as a redrive from quarantine has none: nothing but its notification says which records it is for.
  assert.deepEqual(deliveries, []);
  assert.deepEqual(
    ledger.map(({ delivery, state, record }) => [delivery, state, record]),
    [['acme/cloudwatch', 'delivering', 3]],
  );
});

/** A replay as `replay` leaves it behind. */
const replayItem = (id: string, more: Readonly<Record<string, unknown>>) => ({
  ...{ object: `replay:${id}`, delivery: 'replay', state: 'fed', tenant: 'acme', bucket: 'b', from_ms: 0, to_ms: 1 },
  ...{ only_missing: false, objects: 1, fed: 1, last_ms: 0, last_key: '', ...more },
});

test('an object in a replay is told as the service delivers it there: by the deliveries and the application that it is for', async (t) => {
  const { run, put, pipeline, deps } = await startCliCloud(t, [ACME]);
  const key = keyOf('acme', 'a.log');
  await put(key, BODY);
  const items = [
    replayItem('one', { only_delivery: 'cloudwatch' }),
    replayItem('web', { only_application: 'web' }),
    replayItem('gone', { only_delivery: 'cloudwatch#removed' }),
    replayItem('missed', { only_missing: true, only_delivery: 'cloudwatch' }),
  ];
  for (const item of items)
    await deps.dynamo.send(new PutItemCommand({ TableName: pipeline.ledgerTable, Item: marshall(item) }));
  const look = (id: string) => run(['object', `s3://${pipeline.bucket}/${key}`, '--replay', id, '--json']);
  const told = async (id: string) => {
    const { code, json } = await look(id);
    const { dead_letter, deliveries } = json() as ObjectReport;
    return [code, dead_letter?.reason ?? null, deliveries.map(({ type, events }) => `${type} ${events}`)];
  };
  assert.deepEqual(await told('one'), [0, null, ['cloudwatch 2']]);
  assert.deepEqual(await told('web'), [0, null, ['cloudwatch 1', 'cloudwatch#all 1']]);
  assert.deepEqual(await told('gone'), [1, 'delivery-unknown', []]);
  // What is missing is announced as at first.
  assert.deepEqual(await told('missed'), [0, null, ['cloudwatch 2', 'cloudwatch#all 3']]);
  const unknown = await look('other');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /replay other is unknown/);
});

for (const [what, key, body, reason] of [
  ['of a tenant that nobody knows', keyOf('nobody', 'a.log'), BODY, 'tenant-unknown'],
  ['whose key names no tenant', 'logs/tenant_id=/cluster_id=c/environment=e/a.log', BODY, 'object-key-invalid'],
  ['that is corrupt', keyOf('acme', 'a.parquet'), 'this is no Parquet', 'object-corrupt'],
] as const) {
  test(`an object ${what} would become a dead letter, and the status is 1`, async (t) => {
    const { run, put, pipeline } = await startCliCloud(t, [ACME]);
    await put(key, body);
    const { code, json } = await run(['object', `s3://${pipeline.bucket}/${key}`, '--json']);
    assert.equal(code, 1);
    const report = json() as ObjectReport;
    assert.equal(report.dead_letter?.reason, reason);
    assert.equal(report.records, body === BODY && reason !== 'object-corrupt' ? 5 : null);
  });
}

test('an object that is not there, and what is no URL, end with a sentence', async (t) => {
  const { run, pipeline } = await startCliCloud(t);
  const gone = await run(['object', `s3://${pipeline.bucket}/${keyOf('acme', 'gone')}`]);
  assert.equal(gone.code, 1);
  assert.match(gone.err, /does not exist: the service would make it a dead letter \(object-gone\)/);
  assert.equal((await run(['object', 'logs/a'])).code, 2);
});

test('an object that may not be looked at is told with what S3 says of it, which an answer to HEAD cannot', async (t) => {
  const { cloud, run, put, pipeline } = await startCliCloud(t, [ACME]);
  const key = keyOf('acme', 'a.log');
  await put(key, BODY);
  const refuse = (status: number, code: string, message: string) => {
    cloud.faults.clear();
    for (const action of ['HeadObject', 'GetObject']) {
      cloud.faults.add({ service: 's3', action, effect: { kind: 'error', status, code, message } });
    }
    return run(['object', `s3://${pipeline.bucket}/${key}`]);
  };
  const user = 'arn:aws:iam::000000000000:user/operator';
  const resource = `"arn:aws:s3:::${pipeline.bucket}/${key}"`;
  const why = 'because no identity-based policy allows the s3:GetObject action';
  const denied = await refuse(
    403,
    'AccessDenied',
    `User: ${user} is not authorized to perform: s3:GetObject on resource: ${resource} ${why}`,
  );
  assert.equal(denied.code, 1);
  assert.match(
    denied.err,
    /^log-distributor: s3:\/\/\S+a\.log#newest may not be read\. No policy of the task role allows/,
  );
  assert.match(denied.err, /AWS: AccessDenied: User: \S+ is not authorized .* action \(request id [\w-]+\)\n$/);
  const encrypted = await refuse(
    400,
    'InvalidRequest',
    'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
  );
  assert.equal(encrypted.code, 1);
  assert.match(
    encrypted.err,
    /cannot be read\. The object is encrypted with a key that only its writer has \(SSE-C\)\./,
  );
});
