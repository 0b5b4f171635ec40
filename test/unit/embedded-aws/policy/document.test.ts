import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyKind, parsePolicy } from '../../../../embedded-aws/policy/document.ts';

const IDENTITY = { Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: '*' };
const TRUST = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '111111111111' } };
const parse = (statement: unknown, kind: PolicyKind, version: unknown = '2012-10-17') =>
  parsePolicy(JSON.stringify({ Version: version, Statement: statement }), kind);

test('a policy of an identity needs a resource and no principal', () => {
  assert.equal(parse(IDENTITY, 'identity').statements.length, 1);
  assert.throws(() => parse({ ...IDENTITY, Principal: '*' }, 'identity'), { name: 'PolicyError' });
  assert.throws(() => parse({ ...IDENTITY, Resource: undefined }, 'identity'), { name: 'PolicyError' });
});

test('a trust policy needs a principal and no resource', () => {
  assert.equal(parse([TRUST, TRUST], 'trust').statements.length, 2);
  assert.throws(() => parse({ ...TRUST, Principal: undefined }, 'trust'), { name: 'PolicyError' });
  assert.throws(() => parse({ ...TRUST, Resource: '*' }, 'trust'), { name: 'PolicyError' });
});

const REFUSED: readonly (readonly [sentence: string, statement: unknown, version?: unknown])[] = [
  ['no effect', { ...IDENTITY, Effect: undefined }],
  ['another effect', { ...IDENTITY, Effect: 'allow' }],
  ['no action', { ...IDENTITY, Action: undefined }],
  ['an action without a service', { ...IDENTITY, Action: 'PutLogEvents' }],
  ['Action and NotAction', { ...IDENTITY, NotAction: 'logs:*' }],
  ['a resource that is no ARN', { ...IDENTITY, Resource: '/tenant-logs/*' }],
  ['an empty list', { ...IDENTITY, Resource: [] }],
  ['a field that does not exist', { ...IDENTITY, Resources: '*' }],
  ['a number for an action', { ...IDENTITY, Action: 7 }],
  ['no statement at all', undefined],
  ['another version', IDENTITY, '2020-01-01'],
];
for (const [sentence, statement, version] of REFUSED) {
  test(`a policy with ${sentence} is refused`, () => {
    assert.throws(() => parse(statement, 'identity', version), { name: 'PolicyError' });
  });
}

test('a principal must be an account, an ARN of it, or everybody', () => {
  for (const value of ['*', '111111111111', 'arn:aws:iam::111111111111:root', 'arn:aws:iam::111111111111:role/a/b']) {
    assert.equal(parse({ ...TRUST, Principal: { AWS: value } }, 'trust').statements.length, 1, value);
  }
  for (const value of ['1111', 'arn:aws:s3:::bucket', 'arn:aws:iam::111111111111:role/*']) {
    assert.throws(() => parse({ ...TRUST, Principal: { AWS: value } }, 'trust'), { name: 'PolicyError' }, value);
  }
  assert.throws(() => parse({ ...TRUST, Principal: { Aws: '*' } }, 'trust'), { name: 'PolicyError' });
});

test('text that is no JSON is refused', () => {
  assert.throws(() => parsePolicy('{', 'identity'), { name: 'PolicyError', message: /Json/ });
});
