import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../../chaos/judge/judge.ts';
import { EUROPE } from '../../../chaos/tenants.ts';
import { createScene, GROUP, recordOf, TERM } from './scene.ts';

test('an event that is not there is lost', () => {
  const { records, process, put, evidence } = createScene();
  process('p0', TERM);
  put(records.slice(1));
  const { lost, findings } = judge(evidence());
  assert.equal(lost, 1);
  assert.match(findings[0] ?? '', /^lost: record 0 of s3:\/\/b\/k#e for acme-corp\/cloudwatch$/);
});

for (const [what, change] of [
  ['in another account', { account: '222222222222' }],
  ['in a group beside the delivery’s', { group: `${GROUP}-other` }],
  ['in a group below the delivery’s', { group: `${GROUP}/app` }],
  ['in another stream', { stream: 'eu-1-prod-1970-01-02' }],
  ['in another region', { region: EUROPE }],
  ['with another time', { timestamp: 7 }],
  ['with another text', { message: 'something else ~0.0' }],
  ['without a mark', { message: 'something else' }],
  ['of an object that is none', { message: 'line ~9.0' }],
] as const) {
  test(`an event ${what} is misrouted`, () => {
    const { records, events, process, put, evidence } = createScene();
    process('p0', TERM);
    put(records);
    const [first] = events;
    if (first) events.push({ ...first, ...change });
    const { misrouted, findings } = judge(evidence());
    assert.equal(misrouted, 1);
    assert.match(findings[0] ?? '', /^misrouted: /);
  });
}

test('an event that a filter should have dropped is misrouted', () => {
  const { process, put, evidence } = createScene([recordOf(0, 'foreign'), recordOf(1)]);
  process('p0', TERM);
  put([recordOf(0), recordOf(1)]);
  assert.equal(judge(evidence()).misrouted, 1);
});
