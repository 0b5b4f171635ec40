import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type CollectionTag, parse, type ScalarTag } from 'yaml';
import {
  assumeStatement,
  roleOfCaller,
  tagStatement,
  templateParameters,
} from '../../../../service/cli/verify/policies.ts';
import { groupPrefixOf, writeStatement } from '../../../../service/destination/cloudwatch/check.ts';
import { bucketStatement } from '../../../../service/destination/s3/check.ts';
import { S3 } from '../../../../service/destination/s3/kind.ts';
import { buildDelivery, cloudWatchOf } from '../../../support/delivery.ts';

const VALUES: Readonly<Record<string, string>> = {
  TenantId: 'acme',
  ExternalId: 'acme-secret',
  DistributorRoleArn: 'arn:aws:iam::111111111111:role/distributor',
  'AWS::Partition': 'aws',
  'AWS::AccountId': '111122223333',
};

/** CloudFormation's functions, as far as the template's role uses them: with a list of arguments they stay lists. */
const substitute = (text: string, more: Readonly<Record<string, unknown>> = {}) =>
  text.replace(/\$\{([\w:]+)\}/g, (_, name: string) => String(more[name] ?? VALUES[name] ?? name));
const scalar = (tag: string, resolve: (text: string) => unknown): ScalarTag => ({ tag, resolve });
const list = (tag: string): CollectionTag => ({ tag, collection: 'seq', resolve: (node) => node });
const TAGS = [
  scalar('!Ref', (name) => VALUES[name] ?? name),
  scalar('!Sub', (text) => substitute(text)),
  scalar('!GetAtt', (text) => text),
  ...['!If', '!Sub', '!Not', '!Equals'].map(list),
];

/** The template's value where no parameter with a default is given. */
function evaluate(value: unknown): unknown {
  if (Array.isArray(value)) {
    const [first, second, third] = value;
    if (first === 'HasPrefix') return evaluate(third);
    if (typeof first === 'string' && first.includes('${')) return substitute(first, Object(evaluate(second)));
    return value.map(evaluate);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, evaluate(inner)]));
}

interface Template {
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Resources: {
    readonly Role: {
      readonly Properties: {
        readonly AssumeRolePolicyDocument: { readonly Statement: readonly unknown[] };
        readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly unknown[] } }[];
      };
    };
  };
}

const text = await readFile(new URL('../../../../infra/customer/customer-account.yaml', import.meta.url), 'utf8');
const template = evaluate(parse(text, { customTags: TAGS })) as Template;
const role = template.Resources.Role.Properties;

test("the statements that fix a role are those of the customer's template", () => {
  const trusted = {
    tenantId: 'acme',
    externalId: 'acme-secret',
    distributorArn: 'arn:aws:iam::111111111111:role/distributor',
  };
  assert.deepEqual(role.AssumeRolePolicyDocument.Statement, [assumeStatement(trusted), tagStatement(trusted)]);
  assert.deepEqual(role.Policies[0]?.PolicyDocument.Statement, [
    writeStatement('arn:aws:iam::111122223333:role/LogDistribution-acme', '/tenant-logs/acme'),
  ]);
});

test("a statement about a bucket is of the role's partition and of the delivery's prefix", () => {
  const { target } = buildDelivery({
    type: 's3',
    bucket_name: 'acme-lake',
    bucket_prefix: 'in/',
    message_format: 'record',
  });
  assert.ok(S3.is(target));
  const { Resource } = bucketStatement('arn:aws-cn:iam::111122223333:role/LogDistribution-acme', target);
  assert.deepEqual(Resource, ['arn:aws-cn:s3:::acme-lake/in/*']);
});

test('the parameters are ones that the template has, and the external id is not shown', () => {
  const delivery = buildDelivery({ external_id: 'acme-secret', log_group_name: '/logs/{tenant_id}/x-{application}' });
  const parameters = templateParameters(delivery, VALUES.DistributorRoleArn ?? '');
  for (const name of Object.keys(parameters)) assert.ok(name in template.Parameters, name);
  assert.equal(parameters.LogGroupPrefix, '/logs/acme');
  assert.doesNotMatch(JSON.stringify(parameters), /acme-secret/);
});

test('the prefix of a group template ends before its first placeholder, at a slash', () => {
  for (const log_group_name of [
    '/tenant-logs/acme',
    '/tenant-logs/acme/{application}',
    '/tenant-logs/{tenant_id}/app-{application}/x',
  ]) {
    const delivery = buildDelivery({ log_group_name });
    assert.equal(groupPrefixOf({ ...delivery, target: cloudWatchOf(delivery) }), '/tenant-logs/acme', log_group_name);
  }
});

test("a session's caller is its role, anybody else is himself", () => {
  const role = 'arn:aws:iam::111111111111:role/distributor';
  assert.equal(roleOfCaller('arn:aws:sts::111111111111:assumed-role/distributor/task-1'), role);
  assert.equal(roleOfCaller('arn:aws:iam::111111111111:user/ann'), 'arn:aws:iam::111111111111:user/ann');
});
