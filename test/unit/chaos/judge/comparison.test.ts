import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../chaos/judge/judge.ts';
import { createScene, DELIVERY, OBJECT, TERM } from './scene.ts';

/** An object that nobody announced. */
function createSilentScene() {
  const scene = createScene();
  scene.process('p0', TERM);
  const objects = scene.evidence().objects.map((object) => ({ ...object, announced: false }));
  const mark = { object: OBJECT, delivery: 'reconcile', state: 'announced', counts: {} };
  return { ...scene, objects, mark };
}

test('an object that nobody announced, and that the comparison announced and was delivered, counts as found', () => {
  const { records, put, item, mark, objects, evidence } = createSilentScene();
  put(records);
  const { unannounced, reconciled, announced_again, findings } = judge(evidence({ objects, ledger: [item, mark] }));
  assert.deepEqual([unannounced, reconciled, announced_again, findings], [1, 1, 0, []]);
});

test('an object that nobody announced is lost when it is not delivered, whether the comparison announced it or not', () => {
  for (const announced of [true, false]) {
    const { records, mark, objects, evidence } = createSilentScene();
    const verdict = judge(evidence({ objects, ledger: announced ? [mark] : [] }));
    assert.deepEqual([verdict.lost, verdict.reconciled], [records.length, 0]);
    assert.ok(verdict.findings.includes(`not done but undefined: ${OBJECT} for ${DELIVERY}`));
  }
});

test('an object that is delivered although neither S3 nor the comparison announced it is said', () => {
  const { records, put, objects, evidence } = createSilentScene();
  put(records);
  const { reconciled, findings } = judge(evidence({ objects }));
  assert.equal(reconciled, 0);
  assert.deepEqual(findings, [`delivered, and nobody has announced it: ${OBJECT}`]);
});

test('an object that was announced, and that the comparison announced nevertheless, is counted', () => {
  const { records, put, item, mark, evidence } = createSilentScene();
  put(records);
  assert.equal(judge(evidence({ ledger: [item, mark] })).announced_again, 1);
});
