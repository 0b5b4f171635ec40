import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { layoutOf } from '../../../../infra/values/object-layout.ts';
import { placeRecord } from '../../../../service/cli/undelivered/place.ts';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { buildTenant } from '../../../support/tenant.ts';

const TEMPLATE = 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/';

function record(tenant: string | undefined, message: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    ...(tenant === undefined ? { without_tenant: 'namespace-unlabelled' } : { customer_tenant: tenant }),
    cluster_id: 'eu-1',
    environment: 'prod',
    kubernetes: { namespace: 'acme-shop' },
    message,
    ...more,
  });
}

/** As Firehose writes it when a record cannot be partitioned. */
function errorLine(raw: string): string {
  return JSON.stringify({
    attemptsMade: 4,
    arrivalTimestamp: 1795399886816,
    errorCode: 'DynamicPartitioning.ActivePartitionsLimitExceeded',
    errorMessage: 'The number of active partitions is over the limit',
    attemptEndingTimestamp: 1795399986816,
    rawData: Buffer.from(raw).toString('base64'),
    lambdaArn: null,
  });
}

async function setUp(t: TestContext) {
  const at = await startCliCloud(t, [buildTenant('acme', '111111111111'), buildTenant('globex', '222222222222')]);
  const { bucket } = at.pipeline;
  return {
    ...at,
    bucket,
    /** What lies where the service reads, by folder and part: the lines. */
    async written(): Promise<Record<string, string[]>> {
      const { Contents = [] } = await at.deps.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'logs/' }));
      const entries = await Promise.all(
        Contents.map(async ({ Key = '' }) => {
          const { Body } = await at.deps.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
          const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
          const [, folder = '', part = ''] = /^(.*)redriven\/[0-9a-f]{32}-(\d+)\.log\.gz$/.exec(Key) ?? [];
          return [`${folder}${part}`, gunzipSync(bytes).toString('utf8').split('\n').slice(0, -1)] as const;
        }),
      );
      return Object.fromEntries(entries);
    },
  };
}

const folderOf = (tenant: string, part = 0) => `logs/tenant_id=${tenant}/cluster_id=eu-1/environment=prod/${part}`;

test('firehose-errors redrive writes each record under its tenant, byte for byte, and a second time nothing', async (t) => {
  const { run, put, written, bucket } = await setUp(t);
  // A number that JavaScript cannot hold.
  const odd =
    '{"customer_tenant":"acme","cluster_id":"eu-1","environment":"prod","message":"a","n":1152921504606846977}';
  const lines = [
    errorLine(odd),
    errorLine(record('globex', 'b')),
    errorLine(`${record('acme', 'c')}\n${record('acme', 'd')}\n`),
  ];
  await put('firehose-errors/type=processing-failed/year=2026/month=11/day=23/hour=02/x', `${lines.join('\n')}\n`);
  const list = await run(['firehose-errors', 'list', '--bucket', bucket, '--json']);
  assert.equal(list.code, 1);
  assert.deepEqual(
    (list.json() as { of: string; objects: number }[]).map(({ of, objects }) => [of, objects]),
    [['type=processing-failed', 1]],
  );

  const args = ['firehose-errors', 'redrive', '--bucket', bucket, '--json'];
  const tally = { read: 1, records: 4, objects: 2, already: 0, unusable: 0, interrupted: false };
  assert.deepEqual((await run([...args, '--dry-run'])).json(), { ...tally, dry_run: true });
  assert.deepEqual(await written(), {});
  const only = await run([...args, '--yes', '--tenant', 'globex']);
  assert.deepEqual(only.json(), { ...tally, records: 1, objects: 1, dry_run: false });
  const rest = await run([...args, '--yes']);
  assert.deepEqual([rest.code, rest.json()], [0, { ...tally, records: 3, objects: 1, already: 1, dry_run: false }]);
  assert.deepEqual(await written(), {
    [folderOf('acme')]: [odd, record('acme', 'c'), record('acme', 'd')],
    [folderOf('globex')]: [record('globex', 'b')],
  });
  assert.deepEqual((await run([...args, '--yes'])).json(), {
    ...tally,
    records: 0,
    objects: 0,
    already: 2,
    dry_run: false,
  });
});

test('what cannot be placed is counted, stays where it is, and ends with status 1', async (t) => {
  const { run, put, written, bucket } = await setUp(t);
  const bad = ['no JSON at all', errorLine('no JSON'), errorLine('[1]'), errorLine('{"customer_tenant":"acme"}')];
  await put('firehose-errors/a', gzipSync([...bad, errorLine(record('acme', 'good'))].join('\n')));
  const { code, json, out } = await run(['firehose-errors', 'redrive', '--bucket', bucket, '--yes', '--json']);
  assert.equal(code, 1, out);
  const tally = { read: 1, records: 1, objects: 1, already: 0, unusable: 4, dry_run: false, interrupted: false };
  assert.deepEqual(json(), tally);
  assert.deepEqual(Object.values(await written()), [[record('acme', 'good')]]);
});

test('a large object is written in parts that do not depend on the tenants that are asked for', async (t) => {
  const { run, put, written, bucket } = await setUp(t);
  const large = record('acme', 'x'.repeat(9 * 1024 * 1024));
  await put('firehose-errors/a', [large, record('globex', 'b'), large, large].map(errorLine).join('\n'));
  const args = ['firehose-errors', 'redrive', '--bucket', bucket, '--yes', '--rate', '100', '--json'];
  await run([...args, '--tenant', 'acme']);
  const counts = Object.entries(await written()).map(([folder, lines]) => [folder, lines.length]);
  assert.deepEqual(counts, [
    [folderOf('acme'), 2],
    [folderOf('acme', 1), 1],
  ]);
  assert.equal(((await run(args)).json() as { already: number }).already, 2);
});

test('without-tenant redrive gives a namespace’s records to a tenant that there is', async (t) => {
  const { run, put, written, bucket } = await setUp(t);
  const other = { kubernetes: { namespace: 'other' } };
  const body = [record(undefined, 'a'), record(undefined, 'b', other)].join('\n');
  await put('without-tenant/cluster_id=eu-1/namespace=acme-shop/year=2026/x.log.gz', gzipSync(body));
  const args = ['without-tenant', 'redrive', '--bucket', bucket, '--namespace', 'acme-shop', '--yes', '--json'];
  const unknown = await run([...args, '--tenant', 'acne']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /tenant acne is unknown in .*: did you mean acme\?/);
  const { code, json } = await run([...args, '--tenant', 'acme']);
  assert.deepEqual([code, (json() as { records: number }).records], [0, 1]);
  assert.deepEqual(
    Object.entries(await written()).map(([folder, lines]) => [folder, lines.map((line) => JSON.parse(line))]),
    [[folderOf('acme'), [JSON.parse(record('acme', 'a'))]]],
  );
  const list = await run(['without-tenant', 'list', '--bucket', bucket]);
  assert.match(list.out, /cluster_id=eu-1 namespace=acme-shop +1 /);
});

test('without a terminal and without --yes nothing is written, and damaged gzip ends with a sentence', async (t) => {
  const { run, put, written, bucket } = await setUp(t);
  await put('firehose-errors/a', errorLine(record('acme', 'a')));
  const { code, err } = await run(['firehose-errors', 'redrive', '--bucket', bucket]);
  assert.equal(code, 2);
  assert.match(err, /preview with --dry-run, then repeat with --yes/);
  await put('firehose-errors/a', Buffer.concat([gzipSync('x').subarray(0, 12), Buffer.alloc(9, 7)]));
  const damaged = await run(['firehose-errors', 'redrive', '--bucket', bucket, '--yes']);
  assert.equal(damaged.code, 1);
  assert.match(damaged.err, /s3:\/\/\S+\/firehose-errors\/a is damaged gzip/);
  assert.deepEqual(await written(), {});
});

test('a record is placed by the template, and its values cannot leave their segment', () => {
  const placed = placeRecord(TEMPLATE, record('a/../b', 'x'), {});
  assert.ok(typeof placed !== 'string');
  assert.equal(placed.folder, 'logs/tenant_id=a%2F..%2Fb/cluster_id=eu-1/environment=prod/');
  assert.equal(placeRecord(TEMPLATE, record('acme', 'x', { environment: '' }), {}), 'unusable');
  assert.equal(placeRecord('{tenant_id}-x', record('acme', 'x'), {}) === 'unusable', false);
});

test('the commands look where the infrastructure has Firehose and collectors write', async (t) => {
  const { run } = await setUp(t);
  const layout = layoutOf({ objectKeyTemplate: TEMPLATE, quarantinePrefix: 'quarantine/' });
  const prefixes = { 'firehose-errors': layout.firehoseErrorPrefix, 'without-tenant': layout.withoutTenantPrefix };
  for (const [group, prefix] of Object.entries(prefixes)) {
    const { out } = await run([group, 'redrive', '--help']);
    assert.ok(out.replace(/\s+/g, ' ').includes(`(default: "${prefix}")`));
  }
});
