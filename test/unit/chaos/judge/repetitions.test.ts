import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessEnd } from '../../../chaos/fleet.ts';
import type { Evidence } from '../../../chaos/judge/evidence.ts';
import { judge } from '../../../chaos/judge/judge.ts';
import { CHUNK_BYTES_MAX } from '../../../chaos/judge/repetitions.ts';
import { TENANTS } from '../../../chaos/tenants.ts';
import { tenantsWith } from '../../../chaos/tenants-with.ts';
import { createScene, DELIVERY, KILL, OBJECT, recordOf, TERM } from './scene.ts';

const SECOND: ProcessEnd = { blow: 'SECOND', status: 1 };

for (const [what, first, call, expected] of [
  ['after a kill is explained', KILL, {}, {}],
  ['after a second signal is explained', SECOND, {}, {}],
  ['after a second signal that came too late', { ...SECOND, status: 0 }, {}, { duplicated_after_term: 2 }],
  ['after SIGTERM is wrong', TERM, {}, { duplicated_after_term: 2 }],
  ['of a call whose answer was lost is explained, even after SIGTERM', TERM, { answered: false }, {}],
] as const) {
  test(`a copy ${what}`, () => {
    const { records, process, put, evidence } = createScene();
    process('p0', first);
    process('p1', TERM);
    put(records, { by: 'p0', ...call });
    put(records, { by: 'p1' });
    const verdict = judge(evidence());
    const { duplicated, duplicated_after_term, unexplained, findings } = verdict;
    assert.equal(duplicated, 2);
    assert.deepEqual({ duplicated_after_term, unexplained }, { duplicated_after_term: 0, unexplained: 0, ...expected });
    assert.equal(findings.length, Object.keys(expected).length * 2);
    const silent = first !== TERM && first.status !== 0 && call !== undefined;
    assert.equal(verdict.duplicated_max_per_kill, silent ? 2 : 0);
  });
}

test('a copy of what a process that was halted had sent is explained', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM, true);
  process('p1', TERM);
  put(records, { by: 'p0' });
  put(records, { by: 'p1' });
  const { duplicated_max_per_kill: most, findings } = judge(evidence());
  assert.deepEqual([most, findings], [2, []]);
});

test('a copy within one process is explained only when it did not read the answer in time', () => {
  for (const [afterMs, wrong] of [
    [9_999, 2],
    [10_000, 0],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', TERM);
    put(records, { atMs: 0 });
    put(records, { atMs: afterMs });
    assert.equal(judge(evidence()).duplicated_after_term, wrong);
  }
});

test('a kill that repeats more than a chunk of an object is not explained', () => {
  const length = CHUNK_BYTES_MAX / 4;
  const records = [0, 1, 2, 3, 4].map((at) => recordOf(at, 'good', length));
  const { process, put, evidence } = createScene(records);
  process('p0', KILL);
  process('p1', TERM);
  put(records, { by: 'p0' });
  put(records, { by: 'p1' });
  const { unexplained, duplicated_bytes_max_per_kill_and_object: bytes, findings } = judge(evidence());
  assert.equal(unexplained, 1);
  assert.ok(bytes > CHUNK_BYTES_MAX);
  assert.match(findings[0] ?? '', /more than a chunk/);
});

test('who delivers what another has taken the lease of is found, copies or not', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM);
  put(records.slice(0, 1), { by: 'p0' });
  put(records.slice(1), { by: 'p0' });
  const acquisitions = [
    { process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 },
    { process: 'p1', object: OBJECT, delivery: DELIVERY, order: 1.5 },
  ];
  const { findings } = judge(evidence({ acquisitions }));
  assert.deepEqual(findings, [`delivered by p0 while p1 had the lease: ${OBJECT} for ${DELIVERY}`]);
});

test('a call without a lease is excused for a process that was halted only where calls outlive halts', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM, true);
  process('p1', TERM);
  put(records, { by: 'p0' });
  const acquisitions = [
    { process: 'p0', object: OBJECT, delivery: DELIVERY, order: 0 },
    { process: 'p1', object: OBJECT, delivery: DELIVERY, order: 0.5 },
  ];
  const without = [`delivered by p0 while p1 had the lease: ${OBJECT} for ${DELIVERY}`];
  assert.deepEqual(judge(evidence({ acquisitions, callsOutliveHalts: true })).findings, []);
  assert.deepEqual(judge(evidence({ acquisitions, callsOutliveHalts: false })).findings, without);
});

test('a copy is a finding where each event is wanted exactly once, however it is explained', () => {
  for (const [tenants, copies] of [
    [TENANTS, 0],
    [tenantsWith({ exactlyOnce: ['acme-corp'], progress: [], rejected: [], copied: [] }), 2],
  ] as const) {
    const { records, process, put, evidence } = createScene();
    process('p0', KILL);
    process('p1', TERM);
    put(records);
    put(records, { by: 'p1' });
    const { duplicated, duplicated_once, unexplained, findings } = judge(evidence({ tenants }));
    assert.deepEqual([duplicated, duplicated_once, unexplained, findings.length], [2, copies, 0, copies]);
  }
});

test('a call that a halted process had under way explains the copy that it makes when the process wakes', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM, true);
  put(records);
  put(records, { by: 'p1' });
  const figures = (acquisitions: Evidence['acquisitions']) => {
    const { duplicated, unexplained, duplicated_after_term, duplicated_max_per_kill } = judge(
      evidence({ acquisitions }),
    );
    return [duplicated, unexplained, duplicated_after_term, duplicated_max_per_kill];
  };
  const [first, then] = [
    { object: OBJECT, delivery: DELIVERY, order: 0 },
    { object: OBJECT, delivery: DELIVERY, order: 0.5 },
  ];
  const tookOverFromIt = [
    { process: 'p1', ...first },
    { process: 'p0', ...then },
  ];
  assert.deepEqual(figures(tookOverFromIt), [2, 0, 0, 2]);
});

test('a halt does not explain what the process repeats of one from which it took over in order', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  process('p1', TERM, true);
  put(records);
  put(records, { by: 'p1' });
  const { duplicated, duplicated_after_term, findings } = judge(evidence());
  assert.deepEqual([duplicated, duplicated_after_term], [2, 2]);
  assert.match(findings[0] ?? '', /^repeated after SIGTERM of p0/);
});
