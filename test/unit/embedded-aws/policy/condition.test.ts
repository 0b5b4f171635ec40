import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, parseConditions } from '../../../../embedded-aws/policy/condition.ts';

type Context = Readonly<Record<string, readonly string[]>>;

const verdict = (block: object, context: Context) =>
  parseConditions(block, true).every((condition) => holds(condition, (key) => context[key]));

const tag = (value: string): Context => ({ 'aws:requesttag/tenant_id': [value] });
const KEY = 'aws:RequestTag/tenant_id';
const NONE: Context = {};
const variable = (name: string) => `$\{${name}}`;

const CASES: readonly (readonly [sentence: string, block: object, context: Context, holds: boolean])[] = [
  ['StringEquals holds for the same text', { StringEquals: { [KEY]: 'acme' } }, tag('acme'), true],
  ['StringEquals looks at case', { StringEquals: { [KEY]: 'acme' } }, tag('Acme'), false],
  ['StringEquals takes a star as a character', { StringEquals: { [KEY]: 'ac*' } }, tag('acme'), false],
  ['StringEquals does not hold for an absent key', { StringEquals: { [KEY]: 'acme' } }, NONE, false],
  ['one of several values is enough', { StringEquals: { [KEY]: ['globex', 'acme'] } }, tag('acme'), true],
  ['all keys must fit', { StringEquals: { [KEY]: 'acme', 'sts:ExternalId': 'x' } }, tag('acme'), false],
  [
    'all operators must fit',
    { StringEquals: { [KEY]: 'acme' }, Null: { 'sts:ExternalId': 'false' } },
    tag('acme'),
    false,
  ],
  ['keys are not case-sensitive', { StringEquals: { 'AWS:requestTAG/tenant_id': 'acme' } }, tag('acme'), true],
  ['StringNotEquals holds for another text', { StringNotEquals: { [KEY]: 'acme' } }, tag('globex'), true],
  ['StringNotEquals holds for an absent key', { StringNotEquals: { [KEY]: 'acme' } }, NONE, true],
  [
    'StringNotEquals wants none of its values',
    { StringNotEquals: { [KEY]: ['acme', 'globex'] } },
    tag('globex'),
    false,
  ],
  ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { [KEY]: 'ACME' } }, tag('acme'), true],
  ['StringLike takes wildcards', { StringLike: { [KEY]: 'ac*' } }, tag('acme'), true],
  ['StringLike covers the whole text', { StringLike: { [KEY]: 'c*' } }, tag('acme'), false],
  ['StringNotLike', { StringNotLike: { [KEY]: 'ac*' } }, tag('acme'), false],
  ['IfExists lets an absent key pass', { StringEqualsIfExists: { [KEY]: 'acme' } }, NONE, true],
  ['IfExists looks at a key that is there', { StringEqualsIfExists: { [KEY]: 'acme' } }, tag('globex'), false],
  ['Null true wants the key absent', { Null: { [KEY]: 'true' } }, NONE, true],
  ['Null true refuses a key that is there', { Null: { [KEY]: true } }, tag('acme'), false],
  ['Null false wants the key', { Null: { [KEY]: 'false' } }, NONE, false],
  [
    'ForAllValues holds when every value of the request is listed',
    { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b', 'c'] } },
    { 'aws:tagkeys': ['a', 'b'] },
    true,
  ],
  [
    'ForAllValues fails for one value that is not listed',
    { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
    { 'aws:tagkeys': ['a', 'x'] },
    false,
  ],
  ['ForAllValues holds for an absent key', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'a' } }, NONE, true],
  [
    'ForAnyValue holds for one listed value',
    { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } },
    { 'aws:tagkeys': ['x', 'a'] },
    true,
  ],
  ['ForAnyValue fails for an absent key', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'a' } }, NONE, false],
  [
    'NumericLessThan compares numbers, not text',
    { NumericLessThan: { 's3:max-keys': '10' } },
    { 's3:max-keys': ['9'] },
    true,
  ],
  [
    'NumericEquals fails for what is no number',
    { NumericEquals: { 's3:max-keys': '0' } },
    { 's3:max-keys': [''] },
    false,
  ],
  [
    'DateGreaterThan',
    { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } },
    { 'aws:currenttime': ['2026-06-01T00:00:00Z'] },
    true,
  ],
  [
    'DateLessThan takes epoch seconds',
    { DateLessThan: { 'aws:CurrentTime': '1767225600' } },
    { 'aws:currenttime': ['2026-06-01T00:00:00Z'] },
    false,
  ],
  ['Bool', { Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:securetransport': ['true'] }, false],
  ['IpAddress in a block', { IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:sourceip': ['127.0.0.1'] }, true],
  [
    'NotIpAddress in a block',
    { NotIpAddress: { 'aws:SourceIp': '127.0.0.0/8' } },
    { 'aws:sourceip': ['127.0.0.1'] },
    false,
  ],
  [
    'ArnLike',
    { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::logs-*' } },
    { 'aws:sourcearn': ['arn:aws:s3:::logs-1'] },
    true,
  ],
  [
    'a star of ArnLike stays between two colons',
    { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam:*:role/x' } },
    { 'aws:principalarn': ['arn:aws:iam::111111111111:role/x'] },
    false,
  ],
  [
    'ArnEquals takes wildcards too',
    { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:*:*:t' } },
    { 'aws:sourcearn': ['arn:aws:sns:us-east-1:1:t'] },
    true,
  ],
  [
    'a value may be a variable',
    { StringEquals: { [KEY]: variable('aws:PrincipalTag/tenant_id') } },
    { ...tag('acme'), 'aws:principaltag/tenant_id': ['acme'] },
    true,
  ],
  [
    'a variable that is a star opens nothing in an ARN',
    { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${variable('aws:PrincipalTag/b')}` } },
    { 'aws:principaltag/b': ['*'], 'aws:sourcearn': ['arn:aws:s3:::logs'] },
    false,
  ],
];

for (const [sentence, block, context, expected] of CASES) {
  test(`condition: ${sentence}`, () => assert.equal(verdict(block, context), expected));
}

test('an operator that does not exist is refused when the policy is read', () => {
  assert.throws(() => parseConditions({ StringMatches: { a: 'b' } }, true), { name: 'PolicyError' });
});
