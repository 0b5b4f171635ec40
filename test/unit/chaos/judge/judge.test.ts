import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessEnd } from '../../../chaos/fleet.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { outcomeOf } from '../../../chaos/summary.ts';
import { CLEAN, createScene, DELIVERY, OBJECT, TERM } from './scene.ts';

test('a trial in which every event arrived once is clean', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  put(records);
  assert.deepEqual(judge(evidence()), { ...CLEAN, events: 2 });
});

test('while messages are in the queue, what is missing is not ended instead of lost; what is wrong stays wrong', () => {
  const { records, events, process, put, item, evidence } = createScene();
  process('p0', TERM);
  put(records.slice(1));
  const late = evidence({ queued: 1, ledger: [{ ...item, state: 'open' }], garbage: ['not yet a dead letter'] });
  const { lost, unaccounted, findings, unfinished } = judge(late);
  assert.deepEqual([lost, unaccounted, findings], [0, 0, []]);
  assert.equal(unfinished[0], '1 messages are in the queue');
  assert.ok(unfinished.includes(`not done: ${OBJECT} for ${DELIVERY}`), unfinished.join('\n'));
  assert.equal(outcomeOf({ findings, unfinished, short: [] }), 'not ended');

  for (const event of events) Object.assign(event, { account: '999999999999' });
  const misrouted = judge(late);
  assert.equal(misrouted.misrouted, 1);
  assert.equal(outcomeOf({ ...misrouted, short: ['1 of 4 blows fell'] }), 'failed');
});

for (const [what, end] of [
  ['a process that ended by itself', { blow: undefined, status: 1 }],
  ['a process that did not drain', { blow: 'SIGTERM', status: 1 }],
] as readonly (readonly [string, ProcessEnd])[]) {
  test(`${what} is found`, () => {
    const { records, process, put, evidence } = createScene();
    process('p0', end);
    put(records);
    assert.equal(judge(evidence()).findings.length, 1);
  });
}

test('a drain whose grace ended while the process was halted is no finding', () => {
  for (const [haltedInDrain, findings] of [
    [true, []],
    [false, ['p0 ended with status 1 after SIGTERM']],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', { blow: 'SIGTERM', status: 1 }, true);
    put(records);
    const [entry] = evidence().processes;
    assert.ok(entry);
    assert.deepEqual(judge(evidence({ processes: [{ ...entry, haltedInDrain }] })).findings, findings);
  }
});
