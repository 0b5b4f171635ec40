import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, S3Api } from '../../../service/aws/api.ts';
import { listObjects } from '../../../service/aws/list-objects.ts';
import { createWalk } from '../../../service/core/walk.ts';
import { awsError } from '../../support/aws-error.ts';
import { type GeneratedObject, generatedBucket } from '../../support/listing.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 10, 24, 12);
const TEMPLATE = 'logs/tenant_id={tenant_id}/';

const walkOf = (known: Record<string, string> = {}) =>
  createWalk({ template: TEMPLATE, known, fromMs: NOON_MS, toMs: NOON_MS + HOUR_MS, lateMs: HOUR_MS, earlyMs: 0 });

async function collect(calls: Call<S3Api>, options: { versions?: boolean; walk?: ReturnType<typeof walkOf> } = {}) {
  const { versions = true, walk = walkOf() } = options;
  const pages = [];
  let listCalls = 0;
  const signal = new AbortController().signal;
  const onCall = () => {
    listCalls++;
  };
  for await (const page of listObjects(
    { s3: calls, bucket: 'central', versions, signal, random: () => 0, onCall },
    walk,
  ))
    pages.push(page);
  return { objects: pages.flat(), pages: pages.length, listCalls };
}

/** A week of hours, each with so many objects. */
function* hours(tenant: string, perHour: number): Generator<GeneratedObject> {
  for (let ms = NOON_MS - 84 * HOUR_MS; ms < NOON_MS + 84 * HOUR_MS; ms += HOUR_MS) {
    const [year, month, day, hour] = new Date(ms).toISOString().split(/[-T:]/);
    for (let n = 0; n < perHour; n++) {
      const name = `${String(n).padStart(5, '0')}.gz`;
      yield {
        key: `logs/tenant_id=${tenant}/year=${year}/month=${month}/day=${day}/hour=${hour}/${name}`,
        lastModifiedMs: ms,
      };
    }
  }
}

for (const versions of [true, false]) {
  test(`partitions of other hours cost one call, before the range and behind it (versions: ${versions})`, async () => {
    const { calls } = generatedBucket(() => hours('acme', 700));
    const { objects, listCalls } = await collect(calls, { versions });
    // Of 11 and 12 o'clock: the range, and an hour for what is written late.
    assert.equal(objects.length, 1_400);
    for (const { key } of objects) assert.match(key, /day=24\/hour=1[12]\//);
    // The folder of tenants; the first page, two pages in the range; one behind it ends.
    assert.ok(listCalls <= 6, `${listCalls} calls`);
  });
}

test('a page is asked for when the one before has been taken, and no sooner', async () => {
  const { calls, asked } = generatedBucket(() => hours('acme', 2_000));
  const signal = new AbortController().signal;
  const pages = listObjects(
    { s3: calls, bucket: 'central', versions: true, signal, random: () => 0, onCall: () => {} },
    walkOf(),
  );
  await pages.next();
  const before = asked.length;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(asked.length, before);
  await pages.return(undefined);
});

test('keys outside of the template cost no listing of their own, and strange keys are told as they are', async () => {
  const keys = ['logs/other/a', 'logs/stray.log', 'logs/tenant_id=a b/+%ü\u0001.log', 'logs/tenant_id=acme/x.log'];
  const { calls, asked } = generatedBucket(() => keys.map((key) => ({ key, lastModifiedMs: NOON_MS })));
  const { objects } = await collect(calls);
  assert.deepEqual(
    objects.map(({ key }) => key),
    keys.slice(2),
  );
  assert.ok(asked.every(({ Prefix }) => String(Prefix).startsWith('logs/tenant_id=')));
});

test('a version has its name, and what was written without versioning has none', async () => {
  const objects: GeneratedObject[] = [
    { key: 'logs/tenant_id=acme/a.log', lastModifiedMs: 1, versionId: 'v1' },
    { key: 'logs/tenant_id=acme/b.log', lastModifiedMs: 1 },
    { key: 'logs/tenant_id=acme/c.log', lastModifiedMs: 1, storageClass: 'GLACIER' },
  ];
  const found = (await collect(generatedBucket(() => objects).calls)).objects;
  assert.deepEqual(
    found.map(({ versionId, eTag, isArchived }) => [versionId, eTag, isArchived]),
    [
      ['v1', 'e1', false],
      [undefined, 'e1', false],
      [undefined, 'e1', true],
    ],
  );
});

test('a listing that S3 throttles goes on, and one that it refuses ends', async () => {
  const { calls } = generatedBucket(() => [{ key: 'logs/tenant_id=acme/a.log', lastModifiedMs: 1 }]);
  let failures = 2;
  const slow = (async (...args: Parameters<typeof calls>) => {
    if (failures-- > 0) throw awsError('SlowDown', 503);
    return calls(...args);
  }) as typeof calls;
  assert.equal((await collect(slow)).objects.length, 1);
  const refused = (async () => {
    throw awsError('AccessDenied', 403);
  }) as unknown as typeof calls;
  await assert.rejects(collect(refused), { name: 'AccessDenied' });
});
