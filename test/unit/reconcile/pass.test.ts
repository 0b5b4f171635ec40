import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Announcer } from '../../../service/aws/announce.ts';
import { objectId } from '../../../service/core/notification.ts';
import {
  JUDGED_DAYS_MAX,
  type PassDeps,
  parseState,
  type ReconcileState,
  runPass,
} from '../../../service/reconcile/pass.ts';
import { type GeneratedObject, generatedBucket } from '../../support/listing.ts';
import { setUpReconcile } from '../../support/reconcile-scene.ts';

const MINUTE = 60_000;
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const LIMITS = { graceMs: 15 * MINUTE, lateMs: 0 };
const keyOf = (tenant: string, name: string) => `logs/tenant_id=${tenant}/${name}`;
const at = (minutes: number) => NOON_MS - minutes * MINUTE;
const BEFORE: ReconcileState = { toMs: at(60), pending: {}, endedMs: at(30) };

function setUp(given: readonly GeneratedObject[]) {
  const objects = [...given];
  const bucket = generatedBucket(() => objects.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
  const scene = setUpReconcile(bucket.calls, NOON_MS);
  const announced: string[] = [];
  const claims = new Map<string, 'announced' | 'given up'>();
  const state = { failing: false, stopped: false, now: NOON_MS };
  const announcer: Announcer = {
    ready: async () => !state.stopped,
    async send(refs) {
      if (state.stopped) return 'stopped';
      if (state.failing) return { failed: refs, code: 'InternalError' };
      announced.push(...refs.map(({ key }) => key));
      return { failed: [], code: '' };
    },
  };
  const givenUp: string[] = [];
  const deps: PassDeps = {
    ...scene.deps,
    announcer,
    marks: {
      async claim(object) {
        const claim = claims.get(object) ?? 'claimed';
        if (claim === 'claimed') claims.set(object, 'announced');
        return claim;
      },
      giveBack: async () => {},
    },
    check: () => {},
    onGivenUp: ({ ref }) => givenUp.push(ref.key),
    onProgress: () => {},
    nowMs: () => state.now,
  };
  const pass = (before: ReconcileState = BEFORE) => runPass(deps, before, LIMITS);
  return { ...scene, objects, bucket, deps, state, announced, claims, givenUp, pass };
}

const lost = (tenant: string, minutes: number): GeneratedObject => ({
  key: keyOf(tenant, `${minutes}`),
  lastModifiedMs: at(minutes),
});

test('a pass announces what is lost since the one before, and looks at it again in the next', async () => {
  const { pass, announced, set, state, objects } = setUp([lost('acme', 70), lost('acme', 40), lost('globex', 30)]);
  const first = await pass();
  assert.deepEqual(announced, [keyOf('acme', '40'), keyOf('globex', '30')]);
  assert.deepEqual(first?.state, { toMs: at(15), pending: { acme: at(40), globex: at(30) }, endedMs: NOON_MS });
  assert.deepEqual(first?.repaired, { announced: 2, waiting: 0, givenUp: 0 });
  // One is delivered; of the other the announcement may still wait.
  set(keyOf('acme', '40'), 'acme/cloudwatch', 'done');
  state.now = NOON_MS + 10 * MINUTE;
  objects.push(lost('acme', 10));
  const second = await pass(first?.state);
  assert.deepEqual(announced.length, 2);
  assert.deepEqual(second?.state.pending, { globex: at(30) });
  assert.deepEqual(second?.repaired, { announced: 0, waiting: 1, givenUp: 0 });
  assert.deepEqual(second?.state.toMs, at(15), 'no further than the queue is read');
});

test('a tenant that is behind is looked at when it has caught up, by a listing of its own', async () => {
  const { pass, announced, fleet, bucket } = setUp([lost('acme', 50), lost('acme', 20), lost('globex', 40)]);
  fleet.open.set('acme', at(30));
  const first = await pass();
  assert.deepEqual(announced, [keyOf('acme', '50'), keyOf('globex', '40')].slice(0, announced.length));
  assert.deepEqual(first?.state.pending.acme, at(50));
  // Open since before what is pending: not even listed.
  fleet.open.set('acme', at(60));
  bucket.asked.length = 0;
  const second = await pass({ toMs: at(15), pending: { acme: at(20) }, endedMs: 0 });
  assert.deepEqual([bucket.asked.length, second?.state.pending], [0, { acme: at(20) }]);
  fleet.open.clear();
  const third = await pass(second?.state);
  assert.deepEqual(announced.at(-1), keyOf('acme', '20'));
  assert.ok(bucket.asked.every(({ Prefix }) => String(Prefix).startsWith('logs/tenant_id=acme')));
  assert.deepEqual(third?.state.pending, { acme: at(20) });
});

test('an object that was announced three times is told of, and holds nothing up', async () => {
  const { pass, claims, givenUp, announced, objects } = setUp([lost('acme', 40)]);
  const ref = { bucket: 'central', key: objects[0]?.key ?? '', version: 'e1', versionId: undefined };
  claims.set(objectId({ ...ref, size: 1, createdMs: 0 }), 'given up');
  const done = await pass();
  assert.deepEqual([givenUp, announced, done?.state.pending], [[keyOf('acme', '40')], [], {}]);
});

test('what SQS does not take stays pending, and a pass that is stopped changes nothing', async () => {
  const { pass, state } = setUp([lost('acme', 40)]);
  state.failing = true;
  const failed = await pass();
  assert.deepEqual([failed?.repaired.waiting, failed?.state.pending], [1, { acme: at(40) }]);
  const stopped = setUp([lost('acme', 40)]);
  stopped.state.stopped = true;
  assert.equal(await stopped.pass(), undefined);
});

test('a process that may not go on announces nothing', async () => {
  const { deps, announced } = setUp([lost('acme', 40)]);
  const check = () => {
    throw new Error('the lease is lost');
  };
  await assert.rejects(runPass({ ...deps, check }, BEFORE, LIMITS), /the lease is lost/);
  assert.deepEqual(announced, []);
});

test('nothing is judged while nobody knows how far the queue is read, or that the ledger may have forgotten', async () => {
  const days = (count: number) => NOON_MS - count * 86_400_000;
  const { pass, fleet, announced } = setUp([
    { key: keyOf('acme', 'forgotten'), lastModifiedMs: days(JUDGED_DAYS_MAX) - 1 },
    { key: keyOf('acme', 'remembered'), lastModifiedMs: days(JUDGED_DAYS_MAX) },
  ]);
  fleet.readUpToMs = undefined;
  assert.equal(await pass(), undefined);
  fleet.readUpToMs = NOON_MS;
  await pass({ toMs: days(20), pending: { acme: days(30) }, endedMs: 0 });
  assert.deepEqual(announced, [keyOf('acme', 'remembered')]);
});

test('with more tenants behind than are remembered by name, the whole bucket is looked at again from the oldest other', async () => {
  const many = Array.from({ length: 1_200 }, (_, n) => ({
    key: keyOf(`t-${String(n).padStart(4, '0')}`, 'a'),
    lastModifiedMs: at(50) + n,
  }));
  const { deps, fleet, pass } = setUp(many);
  const known = { deliveries: (await deps.tenants.lookUp('acme')).deliveries, error: undefined };
  deps.tenants.lookUp = async () => known;
  for (const [n] of many.entries()) fleet.open.set(`t-${String(n).padStart(4, '0')}`, at(60));
  const done = await pass();
  assert.equal(Object.keys(done?.state.pending ?? {}).length, 1_000);
  assert.equal(done?.state.toMs, at(50) + 1_000);
});

/** So many objects of acme, the last `delivered` of which the ledger knows. */
function many(objects: number, delivered: number) {
  const all = Array.from({ length: objects }, (_, n) => ({
    key: keyOf('acme', String(n).padStart(6, '0')),
    lastModifiedMs: at(50),
  }));
  const scene = setUp(all);
  for (const { key } of all.slice(objects - delivered)) scene.set(key, 'acme/cloudwatch', 'done');
  return scene;
}

test('where the ledger knows too little of what was delivered, nothing is announced until a person decides', async () => {
  const { pass, announced, claims, state, set, objects } = many(200, 50);
  const first = await pass();
  assert.deepEqual([announced, claims.size, first?.repaired.announced], [[], 0, 0]);
  const withheld = { objects: 150, compared: 200, toMs: at(15), sinceMs: NOON_MS, atMs: NOON_MS };
  assert.deepEqual(first?.state, { ...BEFORE, withheld });
  // What is delivered later makes the share smaller, and does not count.
  state.now = NOON_MS + 60 * MINUTE;
  for (let n = 0; n < 2_000; n++) {
    const key = keyOf('acme', `z${n}`);
    objects.push({ key, lastModifiedMs: at(10) });
    set(key, 'acme/cloudwatch', 'done');
  }
  const second = await pass(first?.state);
  assert.deepEqual(second?.state, { ...BEFORE, withheld: { ...withheld, atMs: state.now } }, 'since the first time');
  assert.deepEqual(announced, []);
});

test('once somebody has announced what is lost, or it is delivered, the comparison goes on by itself', async () => {
  const { pass, set, announced } = many(200, 50);
  const first = await pass();
  for (let n = 0; n < 100; n++) set(keyOf('acme', String(n).padStart(6, '0')), 'reconcile', 'announced');
  for (let n = 100; n < 150; n++) set(keyOf('acme', String(n).padStart(6, '0')), 'acme/cloudwatch', 'done');
  const second = await pass(first?.state);
  assert.equal(second?.state.withheld, undefined);
  assert.equal(second?.state.toMs, at(15));
  assert.equal(second?.tally.counts.missing, 100);
  assert.equal(announced.length, 100, 'they are looked after as any others');
});

test('a few are announced whatever their share, and many where they are a small one', async () => {
  const few = many(100, 0);
  assert.equal((await few.pass())?.repaired.announced, 100);
  const small = many(1_500, 1_350);
  assert.equal((await small.pass())?.repaired.announced, 150);
  const one = many(1_500, 1_349);
  assert.equal((await one.pass())?.state.withheld?.objects, 151);
});

test('objects that lack a delivery only are no sign of a ledger that was lost: their tenant got one', async () => {
  const all = Array.from({ length: 200 }, (_, n) => ({ key: keyOf('globex', `${n}`), lastModifiedMs: at(50) }));
  const { pass, set, announced } = setUp(all);
  for (const { key } of all) set(key, 'globex/cloudwatch', 'done');
  const done = await pass();
  assert.deepEqual([done?.state.withheld, done?.tally.counts.incomplete, announced.length], [undefined, 200, 200]);
});

test('a pass that was stopped changes nothing, however much it had found by then', async () => {
  const { pass, state, set } = many(200, 50);
  // Announced before, so looked after at once: there it is stopped.
  set(keyOf('acme', '000000'), 'reconcile', 'announced');
  state.stopped = true;
  assert.equal(await pass(), undefined);
});

test('more than ten thousand are never announced by themselves, and are not even counted to their end', async () => {
  const { pass, announced } = many(130_000, 110_000);
  const done = await pass();
  assert.deepEqual(announced, []);
  assert.ok((done?.state.withheld?.objects ?? 0) > 10_000);
  assert.ok((done?.state.withheld?.objects ?? 0) <= 11_000);
});

test('a state survives its way through the ledger, and what is none does not', () => {
  const state: ReconcileState = { toMs: 5, pending: { acme: 3 }, endedMs: 7 };
  assert.deepEqual(parseState(JSON.stringify(state)), state);
  const withheld: ReconcileState = { ...state, withheld: { objects: 1, compared: 2, toMs: 3, sinceMs: 4, atMs: 4 } };
  assert.deepEqual(parseState(JSON.stringify(withheld)), withheld);
  for (const text of ['', '{}', '[]', '{"toMs":"5","pending":{},"endedMs":1}'])
    assert.equal(parseState(text), undefined);
});
