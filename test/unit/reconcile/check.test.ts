import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CANARY } from '../../../service/core/canary.ts';
import { DEAD_LETTER_MARK } from '../../../service/ledger/marks.ts';
import { type CheckRange, checkBucket } from '../../../service/reconcile/check.ts';
import { createPending, createTally } from '../../../service/reconcile/tally.ts';
import { type GeneratedObject, generatedBucket } from '../../support/listing.ts';
import { type ReconcileScene, setUpReconcile } from '../../support/reconcile-scene.ts';

const MINUTE = 60_000;
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const RANGE: CheckRange = { fromMs: NOON_MS - 60 * MINUTE, toMs: NOON_MS, graceMs: 15 * MINUTE, lateMs: 0 };
const keyOf = (tenant: string, name: string) => `logs/tenant_id=${tenant}/${name}`;

async function check({ deps }: ReconcileScene, range: Partial<CheckRange> = {}) {
  const tally = createTally();
  const pending = createPending();
  const lost: string[] = [];
  for await (const some of checkBucket(deps, { ...RANGE, ...range }, tally, pending)) {
    for (const { ref } of some) lost.push(ref.key);
  }
  const counts = Object.fromEntries(Object.entries(tally.counts).filter(([, count]) => count > 0));
  return { counts, lost, tenants: Object.fromEntries(tally.lost), pending: Object.fromEntries(pending.tenants) };
}

/** Objects half an hour old unless told otherwise, in S3's order. */
function sceneOf(objects: readonly (Partial<GeneratedObject> & Pick<GeneratedObject, 'key'>)[]) {
  const sorted = objects
    .map((object) => ({ lastModifiedMs: NOON_MS - 30 * MINUTE, ...object }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return setUpReconcile(generatedBucket(() => sorted).calls, NOON_MS);
}

test('an object is accounted for when every enabled delivery of its tenant is done', async () => {
  const keys = ['a', 'b', 'c', 'd'].map((name) => keyOf('globex', name));
  const scene = sceneOf(keys.map((key) => ({ key })));
  const [a = '', b = '', c = ''] = keys;
  for (const type of ['cloudwatch', 's3']) scene.set(a, `globex/${type}`, 'done');
  scene.set(b, 'globex/cloudwatch', 'done');
  // Whose owner died, and whose message was purged with the queue.
  scene.set(c, 'globex/cloudwatch', 'delivering');
  assert.deepEqual(await check(scene), {
    counts: { delivered: 1, incomplete: 1, missing: 2 },
    lost: keys.slice(1),
    tenants: { globex: 3 },
    pending: {},
  });
});

test('a dead delivery, and a message that became a dead letter before any delivery began, are dead letters', async () => {
  const [dead, letter, both] = ['a', 'b', 'c'].map((name) => keyOf('acme', name)) as [string, string, string];
  const scene = sceneOf([dead, letter, both].map((key) => ({ key })));
  scene.set(dead, 'acme/cloudwatch', 'dead');
  scene.set(letter, DEAD_LETTER_MARK, 'dead');
  // Redriven, and delivered then.
  scene.set(both, DEAD_LETTER_MARK, 'dead');
  scene.set(both, 'acme/cloudwatch', 'done');
  assert.deepEqual((await check(scene)).counts, { delivered: 1, dead_letter: 2 });
});

test('what needs no delivery is counted by its reason, and costs no read of the ledger', async () => {
  const scene = sceneOf([
    { key: keyOf('off', 'a.log') },
    { key: keyOf('nobody', 'a.log') },
    { key: keyOf('broken', 'a.log') },
    { key: keyOf('acme', 'frozen.log'), storageClass: 'GLACIER' },
    { key: keyOf('acme', `x/${CANARY}/2026-01-31T12-00-00-000Z.ndjson`) },
    { key: keyOf('acme', 'folder/') },
    { key: 'logs/tenant_id=acme' },
  ]);
  const { counts, lost } = await check(scene);
  assert.deepEqual(
    [counts, lost, scene.seen.keys],
    [{ disabled: 1, unknown_tenant: 1, invalid_tenant: 1, archived: 1, canary: 1, foreign: 2 }, [], 0],
  );
});

test('objects outside of the range are not counted, and of one tenant only its own', async () => {
  const scene = sceneOf([
    { key: keyOf('acme', 'old'), lastModifiedMs: RANGE.fromMs - 1 },
    { key: keyOf('acme', 'first'), lastModifiedMs: RANGE.fromMs },
    { key: keyOf('acme', 'last'), lastModifiedMs: NOON_MS - 15 * MINUTE - 1 },
    { key: keyOf('acme', 'new'), lastModifiedMs: NOON_MS },
    { key: keyOf('globex', 'first') },
  ]);
  assert.deepEqual(
    (await check(scene)).lost,
    ['first', 'last'].map((name) => keyOf('acme', name)).concat(keyOf('globex', 'first')),
  );
  assert.deepEqual((await check(scene, { tenant: 'globex' })).lost, [keyOf('globex', 'first')]);
});

test('nothing is called lost that S3 may still announce, that may wait in the queue, or that a process may have', async () => {
  const at = (minutes: number) => NOON_MS - minutes * MINUTE;
  const objects = ['acme', 'globex'].flatMap((tenant) =>
    [50, 40, 30, 20, 10].map((minutes) => ({ key: keyOf(tenant, `${minutes}`), lastModifiedMs: at(minutes) })),
  );
  const scene = sceneOf(objects);
  // 15 minutes of grace before noon.
  assert.deepEqual((await check(scene)).counts, { missing: 8, pending: 2 });
  scene.fleet.readUpToMs = at(20);
  assert.deepEqual((await check(scene)).counts, { missing: 4, pending: 6 });
  scene.fleet.open.set('globex', at(30));
  const { counts, pending, tenants } = await check(scene);
  assert.deepEqual(counts, { missing: 3, pending: 7 });
  assert.deepEqual(
    [pending, tenants],
    [
      { acme: at(30), globex: at(40) },
      { acme: 2, globex: 1 },
    ],
  );
  scene.fleet.readUpToMs = undefined;
  assert.deepEqual((await check(scene)).counts, { pending: 10 });
});

test('most objects cost one read of each delivery; only what is not done is read again', async () => {
  const keys = Array.from({ length: 2_500 }, (_, n) => keyOf('acme', String(n).padStart(5, '0')));
  const scene = sceneOf(keys.map((key) => ({ key })));
  for (const key of keys.slice(1)) scene.set(key, 'acme/cloudwatch', 'done');
  assert.deepEqual((await check(scene)).counts, { delivered: 2_499, missing: 1 });
  // The one in doubt: its delivery again, and both of its marks.
  assert.equal(scene.seen.keys, 2_500 + 3);
});
