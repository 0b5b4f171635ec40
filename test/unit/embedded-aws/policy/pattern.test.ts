import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, matches } from '../../../../embedded-aws/policy/pattern.ts';

const variable = (body: string) => `$\{${body}}`;
const context: Readonly<Record<string, readonly string[]>> = {
  'aws:principaltag/tenant_id': ['acme'],
  'aws:principaltag/star': ['a*'],
  'aws:tagkeys': ['one', 'two'],
};
const covers = (pattern: string, text: string, variables = true) =>
  matches(compilePattern(pattern, variables), text, (key) => context[key]);

const TENANT = variable('aws:PrincipalTag/tenant_id');
const CASES: readonly (readonly [pattern: string, text: string, covered: boolean])[] = [
  ['', '', true],
  ['*', '', true],
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'ab', false],
  ['a*', 'a', true],
  ['a*', 'abc', true],
  ['*c', 'abc', true],
  ['*c', 'abcd', false],
  ['a*b*c', 'a-b-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['?', '', false],
  ['*?', 'x', true],
  ['arn:aws:logs:*:1:log-group:/t/acme:*', 'arn:aws:logs:us-east-1:1:log-group:/t/acme:log-stream:x', true],
  ['arn:aws:logs:*:1:log-group:/t/acme:*', 'arn:aws:logs:us-east-1:1:log-group:/t/acme-b:log-stream:x', false],
  ['/a.b', '/axb', false],
  [`/t/${TENANT}/*`, '/t/acme/web', true],
  [`/t/${TENANT}/*`, '/t/globex/web', false],
  [`/t/${variable('AWS:principaltag/TENANT_ID')}`, '/t/acme', true],
  [`/t/${variable('aws:PrincipalTag/absent')}`, '/t/', false],
  [`/t/${variable("aws:PrincipalTag/absent, 'none'")}`, '/t/none', true],
  [`/t/${variable('aws:TagKeys')}`, '/t/one', false],
  [`/t/${variable('aws:PrincipalTag/star')}`, '/t/a*', true],
  [`/t/${variable('aws:PrincipalTag/star')}`, '/t/abc', false],
  [`a${variable('*')}`, 'a*', true],
  [`a${variable('*')}`, 'abc', false],
  [`a${variable('?')}b${variable('$')}`, 'a?b$', true],
];

for (const [pattern, text, covered] of CASES) {
  test(`the pattern ${pattern || '(empty)'} ${covered ? 'covers' : 'does not cover'} ${text || '(empty)'}`, () => {
    assert.equal(covers(pattern, text), covered);
  });
}

test('in a document without variables, they are plain text', () => {
  assert.equal(covers(TENANT, TENANT, false), true);
  assert.equal(covers(TENANT, 'acme', false), false);
});

test('a pattern of many stars is decided without trying all ways', () => {
  assert.equal(covers(`${'a*'.repeat(40)}b`, 'a'.repeat(20_000)), false);
});
