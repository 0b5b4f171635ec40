import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { UNWATCHED } from '../../../service/delivery/call-watch.ts';
import { objectLayout } from '../../../service/delivery/layout.ts';
import { runDelivery } from '../../../service/delivery/run-delivery.ts';
import type { RecordSpec } from '../../support/chunk.ts';
import { countsOf } from '../../support/counts.ts';
import { LEDGER_TABLE } from '../../support/dynamo.ts';
import { progressOf } from '../../support/progress.ts';
import { DELIVERY, failure, KEY, NOON_MS, SPREAD, setUp, TASK } from '../../support/scene.ts';
import { NEVER } from '../../support/stop-signals.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Just beyond what is surely refused at noon, and just within. */
const TOO_OLD_MS = NOON_MS - 14 * DAY_MS - 11 * MINUTE_MS;
const ALMOST_TOO_OLD_MS = TOO_OLD_MS + 2 * MINUTE_MS;
const TOO_NEW_MS = NOON_MS + 2 * HOUR_MS + 11 * MINUTE_MS;

const record = (message: string, timeMs: number, application = 'a'): RecordSpec => ({
  message,
  timeMs,
  fields: { application },
});
const puts = (calls: readonly string[]) => calls.filter((call) => call.startsWith('PutLogEvents')).length;

/** What lies in quarantine: reasons and messages in the order of the records, and the number of files. */
function kept({ quarantined, s3 }: Pick<Awaited<ReturnType<typeof setUp>>, 'quarantined' | 's3'>) {
  return { lines: quarantined().map(({ reason, message }) => `${reason} ${message}`), files: s3.objects.size };
}

test('what is surely too old or too new costs no call and no stream, only a file for each reason', async (t) => {
  const old = Array.from({ length: 8 }, (_, day) => record(`old ${day}`, TOO_OLD_MS - day * DAY_MS, `old-${day}`));
  const scene = await setUp(t, {
    records: [...old, record('good', NOON_MS), record('new', TOO_NEW_MS, 'new')],
  });
  const { deps, logs, stored, item } = scene;
  const result = await runDelivery(deps, TASK, SPREAD, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 10, delivered: 1, rejected: 9 }));
  assert.deepEqual(stored(), ['good']);
  assert.deepEqual([...(logs.account('acme').get('/tenant-logs/acme')?.streams.keys() ?? [])], ['a']);
  assert.deepEqual(kept(scene), {
    lines: [...old.map(({ message }) => `too_old ${message}`), 'too_new new'],
    files: 2,
  });
  assert.equal((await item())?.state, 'done');
});

test('the events of a chunk that are all refused are counted and kept without any call', async (t) => {
  const scene = await setUp(t, { records: Array.from({ length: 25 }, (_, at) => record(`m${at}`, TOO_OLD_MS - at)) });
  const result = await runDelivery(scene.deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual([result.counts, result.accepted], [countsOf({ read: 25, rejected: 25 }), false]);
  assert.deepEqual([scene.logs.calls, kept(scene).files], [[], 3]);
});

/** An attempt that ends at its n-th put. */
async function interruptedAt(scene: Awaited<ReturnType<typeof setUp>>, put: number): Promise<void> {
  const before = Array.from({ length: put - 1 }, () => ({ wait: Promise.resolve() }));
  scene.logs.faults.PutLogEvents.push(...before, { error: 'AccessDeniedException' });
  failure(await runDelivery(scene.deps, TASK, SPREAD, UNWATCHED, NEVER));
  scene.logs.faults.PutLogEvents.length = 0;
}

function streamsExist({ logs }: Pick<Awaited<ReturnType<typeof setUp>>, 'logs'>, ...names: string[]): void {
  const streams = new Map(names.map((name) => [name, []]));
  logs.account('acme').set('/tenant-logs/acme', { retentionDays: undefined, streams });
}

test('what crosses a limit between two attempts is neither lost nor repeated nor counted twice', async (t) => {
  const applications = ['a', 'b', 'c', 'd', 'e', 'f'];
  // Each put ends the first attempt once; the second comes minutes, hours or days later.
  for (const laterMs of [MINUTE_MS, 3 * MINUTE_MS, 3 * HOUR_MS, 2 * DAY_MS]) {
    for (let put = 1; put <= applications.length; put++) {
      const records = applications.flatMap((application) => [
        record(`${application} old`, TOO_OLD_MS, application),
        record(`${application} almost too old`, ALMOST_TOO_OLD_MS, application),
        record(`${application} new`, TOO_NEW_MS, application),
      ]);
      const scene = await setUp(t, { records, decoder: { recordsPerChunk: 18 } });
      streamsExist(scene, ...applications);
      await interruptedAt(scene, put);
      scene.scene.nowMs = NOON_MS + laterMs;
      const result = await runDelivery(scene.deps, TASK, SPREAD, UNWATCHED, NEVER);
      assert.ok(result.kind === 'done');
      const { lines } = kept(scene);
      const keptMessages = lines.map((line) => line.replace(/^too_(old|new) /, ''));
      assert.deepEqual(
        [...scene.stored(), ...keptMessages].sort(),
        records.map(({ message }) => message).sort(),
        `put ${put}, ${laterMs / MINUTE_MS} minutes later`,
      );
      const counts = countsOf({ read: 18, delivered: scene.stored().length, rejected: keptMessages.length });
      assert.deepEqual(result.counts, counts);
    }
  }
});

test('an event that was too new at first is delivered by a later attempt, where nothing was accepted or kept before', async (t) => {
  const scene = await setUp(t, { records: [record('good', NOON_MS), record('new', TOO_NEW_MS)] });
  await interruptedAt(scene, 1);
  assert.deepEqual(kept(scene), { lines: [], files: 0 });
  scene.scene.nowMs = NOON_MS + 3 * HOUR_MS;
  const result = await runDelivery(scene.deps, TASK, SPREAD, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 2, delivered: 2 }));
  assert.deepEqual([scene.stored(), kept(scene).files], [['good', 'new'], 0]);
});

/** A process that ends right after it has kept records, and saves nothing any more. */
async function diesAfterKeeping(t: TestContext, records: readonly RecordSpec[]) {
  const scene = await setUp(t, { records });
  scene.scene.onDynamo = ({ input }) => {
    if (scene.s3.objects.size > 0 && input.UpdateExpression) throw new Error('the process is dead');
  };
  failure(await runDelivery(scene.deps, TASK, DELIVERY, UNWATCHED, NEVER));
  assert.equal(scene.s3.objects.size, 1);
  scene.scene.onDynamo = () => {};
  scene.scene.nowMs = NOON_MS + 3 * HOUR_MS;
  return scene;
}

test('an event that is kept as too new is not sent when it no longer is, even where its process died before it said so', async (t) => {
  const scene = await diesAfterKeeping(t, [record('new', TOO_NEW_MS)]);
  const result = await runDelivery(scene.deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 1, rejected: 1 }));
  assert.deepEqual([scene.stored(), kept(scene)], [[], { lines: ['too_new new'], files: 1 }]);
});

test('the same of an event that CloudWatch Logs refused: the second process keeps what the first was told', async (t) => {
  const scene = await setUp(t, {
    records: [record('good', NOON_MS), record('at the limit', NOON_MS + 2 * HOUR_MS + 1)],
  });
  streamsExist(scene, 's');
  scene.logs.rejections.push({ tooNewLogEventStartIndex: 1 });
  scene.scene.onDynamo = ({ input }) => {
    if (scene.s3.objects.size > 0 && input.UpdateExpression) throw new Error('the process is dead');
  };
  failure(await runDelivery(scene.deps, TASK, DELIVERY, UNWATCHED, NEVER));
  scene.scene.onDynamo = () => {};
  scene.scene.nowMs = NOON_MS + 3 * HOUR_MS;
  const result = await runDelivery(scene.deps, TASK, DELIVERY, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 2, delivered: 1, rejected: 1 }));
  assert.deepEqual([puts(scene.logs.calls), kept(scene).lines], [1, ['too_new at the limit']]);
});

test('a chunk that a version without this rule has begun is gone on with by its numbers: whatever is left is sent', async (t) => {
  const records = [record('old', TOO_OLD_MS, 'a'), record('good', NOON_MS, 'b'), record('older', TOO_OLD_MS, 'c')];
  const scene = await setUp(t, { records });
  const layout = objectLayout(SPREAD, { format: 'ndjson' }, scene.deps);
  await scene.dynamo.put(LEDGER_TABLE, {
    ...KEY,
    ...progressOf({ batch: 1, layout, partial: { delivered: 1 } }),
    state: 'delivering',
  });
  const result = await runDelivery(scene.deps, TASK, SPREAD, UNWATCHED, NEVER);
  assert.ok(result.kind === 'done');
  assert.deepEqual(result.counts, countsOf({ read: 3, delivered: 3 }));
  assert.deepEqual(scene.stored(), ['good', 'older']);
});
