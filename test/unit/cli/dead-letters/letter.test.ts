import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError, ERROR_CODES } from '../../../../service/base/errors.ts';
import { adviceFor } from '../../../../service/cli/dead-letters/advice.ts';
import {
  BY_THE_QUEUE,
  commonBeginning,
  type DeadLetter,
  groupLetters,
  isSelected,
} from '../../../../service/cli/dead-letters/letter.ts';

const letter = (part: Partial<DeadLetter>): DeadLetter => ({
  id: 'id-1',
  receipt: 'receipt',
  body: '{}',
  reason: 'object-gone',
  tenant: 'acme',
  object: 's3://central/logs/a#1',
  detail: 's3://central/logs/a#1 does not exist',
  sentMs: Date.UTC(2026, 10, 24),
  ...part,
});

test('letters are grouped by reason and tenant, with what they have in common, the largest group first', () => {
  const groups = groupLetters([
    letter({ reason: 'role-refused', object: 's3://central/logs/x#1', detail: 'AssumeRole was refused' }),
    letter({ sentMs: Date.UTC(2026, 10, 25) }),
    letter({ object: 's3://central/logs/ab#2', detail: 's3://central/logs/ab#2 does not exist' }),
  ]);
  assert.deepEqual(groups, [
    {
      reason: 'object-gone',
      tenant: 'acme',
      count: 2,
      first: '2026-11-24T00:00:00Z',
      last: '2026-11-25T00:00:00Z',
      objects: 's3://central/logs/a',
      detail: 'the object does not exist',
      same_detail: true,
    },
    {
      reason: 'role-refused',
      tenant: 'acme',
      count: 1,
      first: '2026-11-24T00:00:00Z',
      last: '2026-11-24T00:00:00Z',
      objects: 's3://central/logs/x#1',
      detail: 'AssumeRole was refused',
      same_detail: true,
    },
  ]);
});

test('details that differ in their objects and request ids only are the same, and the newest has its request id', () => {
  const denied = (key: string, id: string) =>
    `s3://central/logs/${key}#1 may not be read. AWS: AccessDenied: not authorized on resource: "arn:aws:s3:::central/logs/${key}" (request id ${id})`;
  const [group] = groupLetters([
    letter({ object: 's3://central/logs/a#1', detail: denied('a', 'R1'), sentMs: 1 }),
    letter({ object: 's3://central/logs/b#1', detail: denied('b', 'R2'), sentMs: 2 }),
  ]);
  assert.equal(group?.same_detail, true);
  assert.equal(
    group?.detail,
    'the object may not be read. AWS: AccessDenied: not authorized on resource: "the object" (request id R2)',
  );
});

test('details that differ are shown by the newest', () => {
  const [group] = groupLetters([letter({ detail: 'new', sentMs: 2 }), letter({ detail: 'old', sentMs: 1 })]);
  assert.equal(group?.detail, 'new');
  assert.equal(group.same_detail, false);
});

test('a selection holds for a letter when every part of it does', () => {
  const one = letter({ tenant: 'acme globex' });
  for (const selection of [
    {},
    { reason: 'object-gone' },
    { tenant: 'globex' },
    { object: 'logs/a' },
    { id: 'id-1' },
    { before: one.sentMs + 1 },
  ]) {
    assert.ok(isSelected(one, selection), JSON.stringify(selection));
  }
  for (const selection of [
    { reason: 'object' },
    { tenant: 'acm' },
    { object: 'logs/b' },
    { id: 'id' },
    { before: one.sentMs },
  ]) {
    assert.ok(!isSelected(one, { tenant: 'acme', ...selection }), JSON.stringify(selection));
  }
});

test('the common beginning of texts is the longest', () => {
  assert.equal(commonBeginning([]), '');
  assert.equal(commonBeginning(['abc']), 'abc');
  assert.equal(commonBeginning(['abcd', 'abxy', 'abc']), 'ab');
  assert.equal(commonBeginning(['abc', '']), '');
});

test('there is advice for every reason that a dead letter can have', () => {
  // These three end otherwise: by a release, or by the process.
  const never = new Set(['stopping', 'invariant-broken']);
  for (const code of [...ERROR_CODES, BY_THE_QUEUE]) {
    const known = adviceFor(code) !== adviceFor('no such reason');
    assert.equal(known, !never.has(code), code);
  }
  assert.equal(new DistributorError('invariant-broken', '').disposition, 'crash');
});
