import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectId } from '../../../service/core/notification.ts';
import type { LostObject } from '../../../service/reconcile/check.ts';
import { nothingRepaired, type RepairDeps, repair } from '../../../service/reconcile/repair.ts';

const lostObject = (n: number): LostObject => ({
  ref: { bucket: 'central', key: `logs/${n}`, version: 'e1', versionId: undefined, size: 1, createdMs: 0 },
  tenant: 'acme',
  lastModifiedMs: n,
  announced: false,
});
const LOST = [lostObject(1), lostObject(2)];
const idOf = ({ ref }: LostObject) => objectId(ref);

/** What happens, in its order. */
function setUp(
  announcer: Partial<RepairDeps['announcer']>,
  claim: RepairDeps['marks']['claim'] = async () => 'claimed',
) {
  const steps: string[] = [];
  const deps: RepairDeps = {
    announcer: {
      async ready() {
        steps.push('ready');
        return true;
      },
      async send(refs) {
        steps.push(`send ${refs.length}`);
        return { failed: [], code: '' };
      },
      ...announcer,
    },
    marks: {
      async claim(object, readMs) {
        steps.push(`claim ${object}`);
        return claim(object, readMs);
      },
      async giveBack(object) {
        steps.push(`give back ${object}`);
      },
    },
    readUpToMs: 0,
    check: () => {},
    onGivenUp: (object) => steps.push(`given up ${idOf(object)}`),
  };
  return { deps, steps, done: nothingRepaired() };
}

const ids = LOST.map(idOf);
const claims = ids.map((id) => `claim ${id}`);
const givenBack = ids.map((id) => `give back ${id}`);

test('objects are claimed when their turn has come, not before', async () => {
  const { deps, steps, done } = setUp({});
  assert.equal(await repair(deps, LOST, done), true);
  assert.deepEqual(steps, ['ready', ...claims, 'send 2']);
  assert.deepEqual(done, { announced: 2, waiting: 0, givenUp: 0 });
});

test('a process that is stopped while it waits for its turn claims nothing', async () => {
  const { deps, steps, done } = setUp({ ready: async () => false });
  assert.equal(await repair(deps, LOST, done), false);
  assert.deepEqual(steps, []);
});

test('claims are given back when nothing could be announced', async () => {
  const failing = setUp({ send: async () => Promise.reject(new Error('SQS is away')) });
  await assert.rejects(repair(failing.deps, LOST, failing.done), /SQS is away/);
  assert.deepEqual(failing.steps, ['ready', ...claims, ...givenBack]);
  const stopped = setUp({ send: async () => 'stopped' });
  assert.equal(await repair(stopped.deps, LOST, stopped.done), false);
  assert.deepEqual(stopped.steps, ['ready', ...claims, ...givenBack]);
});

test('of a batch that SQS took in part, the rest is given back', async () => {
  const { deps, steps, done } = setUp({ send: async (refs) => ({ failed: refs.slice(1), code: 'InternalError' }) });
  assert.equal(await repair(deps, LOST, done), true);
  assert.deepEqual(steps.at(-1), `give back ${ids[1]}`);
  assert.deepEqual(done, { announced: 1, waiting: 1, givenUp: 0 });
});

test('a table that takes nothing back hides no error', async () => {
  const half = setUp({}, async (object) => {
    if (object === ids[1]) throw new Error('the table is away');
    return 'claimed';
  });
  half.deps.marks.giveBack = async () => Promise.reject(new Error('not back either'));
  await assert.rejects(repair(half.deps, LOST, half.done), /the table is away/);
});

test('the claims of a batch are given back when one of them fails', async () => {
  const { deps, steps, done } = setUp({}, async (object) => {
    if (object === ids[1]) throw new Error('the table is away');
    return 'claimed';
  });
  await assert.rejects(repair(deps, LOST, done), /the table is away/);
  assert.deepEqual(steps, ['ready', ...claims, `give back ${ids[0]}`]);
});

test('an object that was announced three times is told of', async () => {
  const { deps, steps, done } = setUp({}, async () => 'given up');
  assert.equal(await repair(deps, LOST, done), true);
  assert.deepEqual(done, { announced: 0, waiting: 0, givenUp: 2 });
  assert.deepEqual(
    steps.filter((step) => step.startsWith('given up')),
    ids.map((id) => `given up ${id}`),
  );
});
