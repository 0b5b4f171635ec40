import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../chaos/judge/judge.ts';
import { createScene, DELIVERY, OBJECT, TERM } from './scene.ts';

const REPLAY = `${OBJECT}+replay:chaos`;

/** An object that is delivered, and then replayed. */
function createReplayed() {
  const scene = createScene();
  scene.process('p0', TERM);
  const [object] = scene.evidence().objects;
  assert.ok(object);
  scene.put(scene.records);
  const replayedFrom = 1.5;
  const verdict = () =>
    judge(
      scene.evidence({
        objects: [object, { ...object, id: REPLAY, replayedFrom }],
        ledger: [scene.item, { ...scene.item, object: REPLAY }],
        acquisitions: [OBJECT, REPLAY].map((id) => ({ process: 'p0', object: id, delivery: DELIVERY, order: 0 })),
      }),
    );
  return { ...scene, verdict };
}

test('what is replayed is due once more, and no copy', () => {
  const { records, put, verdict } = createReplayed();
  put(records);
  const { events, replayed, lost, duplicated, findings } = verdict();
  assert.deepEqual([events, replayed, lost, duplicated, findings], [4, 2, 0, 0, []]);
});

test('what is not delivered again is lost, and what is delivered a third time is a copy', () => {
  const { records, put, verdict } = createReplayed();
  put(records.slice(0, 1));
  put(records.slice(0, 1));
  const { lost, duplicated, findings } = verdict();
  assert.deepEqual([lost, duplicated], [1, 1]);
  assert.ok(findings.includes(`lost: record 1 of ${REPLAY} for ${DELIVERY}`), findings.join());
});
