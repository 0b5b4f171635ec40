import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DeleteObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { startCliCloud } from '../../../support/cli-cloud.ts';
import { reportAllRead } from '../../../support/fleet.ts';
import { SCHEMA, writeInventory } from '../../../support/inventory.ts';
import { buildTenant, keyOf } from '../../../support/tenant.ts';

const REPORTS = 'inventory';
const MANIFEST = 'central/daily/2026-11-24T01-00Z/manifest.json';
const URL_OF_MANIFEST = `s3://${REPORTS}/${MANIFEST}`;
const line = JSON.stringify({ message: 'm', timestamp: 0 });

interface Report {
  readonly objects: Record<string, number>;
  readonly list_calls: number;
}

/** A bucket with versions and objects of all kinds, all of which a task has read the announcements of, and lost. */
async function setUp(t: TestContext) {
  const cloud = await startCliCloud(t, [buildTenant('acme', '111111111111'), buildTenant('globex', '222222222222')]);
  const { deps, pipeline, put, environment } = cloud;
  const versioned = { Status: 'Enabled' } as const;
  await deps.s3.send(new PutBucketVersioningCommand({ Bucket: pipeline.bucket, VersioningConfiguration: versioned }));
  for (const name of ['a b.log', 'a+b.log', 'a%20b.log', 'ä,".log', 'c.log', 'c.log'])
    await put(keyOf('acme', name), line);
  await put(keyOf('globex', 'a.log'), line);
  await put('logs/readme.txt', line);
  await put('elsewhere/readme.txt', line);
  await put(keyOf('acme', 'deleted.log'), line);
  await deps.s3.send(new DeleteObjectCommand({ Bucket: pipeline.bucket, Key: keyOf('acme', 'deleted.log') }));
  await put('logs/tenant_id=acme/readme.txt', line);
  await put(keyOf('acme', 'folder/'), '');
  await reportAllRead(deps.dynamo, pipeline.ledgerTable);
  const nowMs = () => Date.now() + 60_000;
  const reconcile = (...args: string[]) =>
    cloud.run(['reconcile', '--bucket', pipeline.bucket, '--from', '1h', ...args], {
      environment: { ...environment, RECONCILE_GRACE_SECONDS: '1' },
      nowMs,
    });
  return { ...cloud, reconcile, nowMs };
}

type Scene = Awaited<ReturnType<typeof setUp>>;

const writeReport = ({ deps, pipeline, nowMs }: Scene, changes: Record<string, unknown> = {}, archived?: string) =>
  writeInventory(deps.s3, {
    bucket: pipeline.bucket,
    reports: REPORTS,
    manifest: MANIFEST,
    createdMs: nowMs(),
    changes,
    archived,
  });

test('an inventory tells the same as a listing, without a LIST request', async (t) => {
  const scene = await setUp(t);
  const listed = await scene.reconcile('--json');
  assert.equal(listed.code, 1, listed.err);
  await writeReport(scene);
  const read = await scene.reconcile('--inventory', URL_OF_MANIFEST, '--json');
  assert.equal(read.code, 1, read.err);
  const [ofList, ofInventory] = [listed, read].map(({ json }) => {
    const { list_calls, from: _, to: __, ...told } = json() as Report & { from: string; to: string };
    return { list_calls, told };
  });
  // Two versions of c.log; deleted.log has one besides its marker.
  assert.deepEqual([ofList?.told.objects.missing, ofList?.told.objects.foreign], [8, 1]);
  assert.ok((ofList?.list_calls ?? 0) > 0);
  assert.equal(ofInventory?.list_calls, 0);
  assert.deepEqual(sorted(ofInventory?.told), sorted(ofList?.told));
  const ofTenant = await scene.reconcile('--inventory', URL_OF_MANIFEST, '--tenant', 'globex', '--json');
  assert.equal((ofTenant.json() as Report).objects.missing, 1);
});

/** Reports are in no order. */
function sorted(told: unknown): unknown {
  const { lost, ...rest } = told as { readonly lost: readonly { readonly object: string }[] };
  return { ...rest, lost: lost.map(({ object }) => object).sort() };
}

test('what the inventory names is announced, but for what is archived', async (t) => {
  const scene = await setUp(t);
  await writeReport(scene, {}, keyOf('globex', 'a.log'));
  const repaired = await scene.reconcile('--inventory', URL_OF_MANIFEST, '--repair', '--yes', '--json');
  assert.equal(repaired.code, 0, repaired.err);
  assert.deepEqual((repaired.json() as { repaired: object }).repaired, {
    announced: 7,
    announced_before: 0,
    given_up: 0,
  });
});

test('what is no inventory, or lacks what is needed, is said', async (t) => {
  const scene = await setUp(t);
  const refused = async (changes: Record<string, unknown>, sentence: RegExp, ...args: string[]) => {
    await writeReport(scene, changes);
    const { code, err } = await scene.reconcile('--inventory', URL_OF_MANIFEST, ...args);
    assert.notEqual(code, 0);
    assert.match(err, sentence);
  };
  await refused({ fileFormat: 'ORC' }, /must be in CSV \(it is in ORC\)/);
  await refused(
    { fileSchema: 'Bucket, Key, Size, ETag' },
    /lacks VersionId, IsDeleteMarker, LastModifiedDate, StorageClass/,
  );
  await refused(
    { fileSchema: `${SCHEMA}, EncryptionStatus` },
    /01-00Z\/0\.csv\.gz, line 1: is no line of an inventory/,
  );
  await refused({ sourceBucket: 'another' }, /--inventory: is of the bucket another/);
  // A file of data, given for it, is gigabytes: no such file is read to its end.
  await refused({ files: [{ key: 'x'.repeat(17 * 1024 * 1024) }] }, /is no manifest of S3 Inventory/);
  await refused({ files: [{ key: 'gone.csv.gz' }] }, /NoSuchKey|does not exist/);
  const made = scene.nowMs() - 600_000;
  await refused(
    { creationTimestamp: String(made) },
    /--to: the inventory is of .* lacks what was written later/,
    '--to',
    '1m',
  );
  const { code, err } = await scene.reconcile(
    '--inventory',
    `s3://${REPORTS}/central/daily/2026-11-24T01-00Z/0.csv.gz`,
  );
  assert.equal(code, 1);
  assert.match(err, /is no manifest of S3 Inventory: give its manifest\.json/);
  assert.equal((await scene.reconcile('--inventory', 'manifest.json')).code, 2);
});
