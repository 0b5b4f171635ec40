import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../chaos/judge/judge.ts';
import { createScene, recordOf, TERM } from './scene.ts';

/** A record that came in three parts, each with its mark in it, and a short one. */
function createSplit() {
  const pieces = ['one ~0.0 ', 'two ~0.0 ', 'three ~0.0 and ~0.0'];
  const long = { ...recordOf(0), message: pieces.join('') };
  const scene = createScene([long, recordOf(1)]);
  scene.process('p0', TERM);
  const textOf = (part: number, of = 3, record = 0) => `[part ${part}/${of} of record ${record}] ${pieces[part - 1]}`;
  const bring = (texts: readonly string[], by = 'p0', answered = true) =>
    scene.put([...texts.map((message) => ({ ...long, message })), recordOf(1)], { by, answered });
  const verdict = () => judge(scene.evidence({ tenants: scene.evidence().tenants.map(unbooked) }));
  return { process: scene.process, textOf, bring, verdict };
}

const unbooked = (tenant: ReturnType<ReturnType<typeof createScene>['evidence']>['tenants'][number]) => ({
  ...tenant,
  truths: tenant.truths.map((truth) => ({ ...truth, booked: false })),
});

test('a record that came in parts is there when they make up its text, and each part is an event', () => {
  const { textOf, bring, verdict } = createSplit();
  bring([textOf(1), textOf(2), textOf(3)]);
  const { events, parts, lost, misrouted, duplicated, findings } = verdict();
  assert.deepEqual([events, parts, lost, misrouted, duplicated, findings], [4, 3, 0, 0, 0, []]);
});

test('a record of which a part is missing is lost', () => {
  const { textOf, bring, verdict } = createSplit();
  bring([textOf(1), textOf(3)]);
  const { lost, findings } = verdict();
  assert.equal(lost, 1);
  assert.match(findings[0] ?? '', /^parts that do not make up record 0/);
});

test('a part that is there twice is a copy, and needs a reason', () => {
  const { process, textOf, bring, verdict } = createSplit();
  process('p1', TERM);
  bring([textOf(1), textOf(2), textOf(3)]);
  bring([textOf(2)], 'p1');
  const { duplicated, duplicated_after_term } = verdict();
  assert.deepEqual([duplicated, duplicated_after_term], [2, 2], 'of the part, and of the short record');
});

for (const [what, text] of [
  ['of another record', '[part 1/3 of record 1] one ~0.0 '],
  ['of more parts than the others', '[part 1/4 of record 0] one ~0.0 '],
  ['with a number beyond the last', '[part 4/3 of record 0] one ~0.0 '],
  ['with another text', '[part 1/3 of record 0] uno ~0.0 '],
  ['of the text of another part', '[part 1/3 of record 0] two ~0.0 '],
  ['without a mark', '[part 1/3 of record 0] one '],
] as const) {
  test(`a part ${what} is misrouted`, () => {
    const { textOf, bring, verdict } = createSplit();
    bring([textOf(1), textOf(2), textOf(3)]);
    bring([text], 'p0', false);
    assert.equal(verdict().misrouted, 1);
  });
}
