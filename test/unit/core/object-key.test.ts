import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileKeyTemplate } from '../../../service/core/object-key.ts';
import { holds } from '../../support/property.ts';

const DEFAULT = 'logs/tenant_id={tenant_id}/cluster_id={cluster_id}/environment={environment}/';
const hive = compileKeyTemplate(DEFAULT);

test('the default template reads the partitions that Firehose writes, whatever follows', () => {
  const expected = { tenant_id: 'acme', cluster_id: 'eu-1', environment: 'prod' };
  const prefix = 'logs/tenant_id=acme/cluster_id=eu-1/environment=prod/';
  for (const rest of ['2026/01/31/12/part-0000.parquet', 'a', '', 'x//y', 'tenant_id=other/']) {
    assert.deepEqual(hive.parse(prefix + rest), expected);
  }
});

test('a key that is built is parsed to what it was built of', () => {
  for (const tenant of ['acme-corp', 'a/b', 'ä %2F', '{cluster_id}', '$&']) {
    assert.deepEqual(hive.parse(hive.build(tenant, 'x y')), {
      tenant_id: tenant,
      cluster_id: 'x y',
      environment: 'x y',
    });
  }
  assert.equal(compileKeyTemplate('logs/{tenant_id}/*').build('acme', 'x'), 'logs/acme/');
});

const OTHERS: readonly (readonly [template: string, key: string, fields: Readonly<Record<string, string>>])[] = [
  [
    '{cluster_id}/{tenant_id}/{application}/{pod_name}/',
    'eu-1/acme/api/api-7f/2026.gz',
    { cluster_id: 'eu-1', tenant_id: 'acme', application: 'api', pod_name: 'api-7f' },
  ],
  ['{tenant_id}', 'acme', { tenant_id: 'acme' }],
  ['{tenant_id}', 'acme/2026/x', { tenant_id: 'acme' }],
  ['logs/{tenant_id}…', 'logs/acme/x', { tenant_id: 'acme' }],
  ['logs/{tenant_id}/*', 'logs/acme/x', { tenant_id: 'acme' }],
  ['logs/{tenant_id}/...', 'logs/acme/x', { tenant_id: 'acme' }],
  ['logs/{tenant_id}-{environment}/', 'logs/acme-corp-prod/x', { tenant_id: 'acme-corp', environment: 'prod' }],
  ['a.b+(c)/{tenant_id}/', 'a.b+(c)/acme/x', { tenant_id: 'acme' }],
];

for (const [template, key, fields] of OTHERS) {
  test(`${template} reads ${key}`, () => {
    assert.deepEqual(compileKeyTemplate(template).parse(key), fields);
  });
}

test('values that a Hive-style writer has encoded are decoded, and a stray % stays what it is', () => {
  const parse = (tenant: string) => hive.parse(`logs/tenant_id=${tenant}/cluster_id=c/environment=e/x`).tenant_id;
  assert.equal(parse('a%20b%2Fc'), 'a b/c');
  assert.equal(parse('caf%C3%A9'), 'café');
  assert.equal(parse('日本'), '日本');
  assert.equal(parse('100%'), '100%');
  assert.equal(parse('%FF'), '%FF');
  assert.equal(parse('a+b'), 'a+b');
});

const WRONG: readonly (readonly [key: string, why: RegExp])[] = [
  ['logs/tenant_id=/cluster_id=c/environment=e/x', /its \{tenant_id\} is empty/],
  ['logs/tenant_id=a/cluster_id=/environment=e/x', /its \{cluster_id\} is empty/],
  ['logs/tenant_id=a/cluster_id=c/environment=/x', /its \{environment\} is empty/],
  ['logs//tenant_id=a/cluster_id=c/environment=e/x', /does not begin like/],
  ['logs/tenant_id=a//cluster_id=c/environment=e/x', /does not begin like/],
  ['/logs/tenant_id=a/cluster_id=c/environment=e/x', /does not begin like/],
  ['logs/tenant_id=a/cluster_id=c/environment=e', /does not begin like/],
  ['logs/tenant_id=a/cluster_id=c/', /does not begin like/],
  ['Logs/tenant_id=a/cluster_id=c/environment=e/x', /does not begin like/],
  ['before/logs/tenant_id=a/cluster_id=c/environment=e/x', /does not begin like/],
  ['quarantine/tenant_id=a/reason=too_old/x', /does not begin like/],
  ['', /does not begin like/],
];

for (const [key, why] of WRONG) {
  test(`the key "${key}" names no tenant, and the error says why`, () => {
    assert.throws(() => hive.parse(key), { code: 'object-key-invalid', message: why });
  });
}

test('an empty first segment is an error too where the template begins with a placeholder', () => {
  assert.throws(() => compileKeyTemplate('{cluster_id}/{tenant_id}/').parse('/acme/x'), { code: 'object-key-invalid' });
  assert.throws(() => compileKeyTemplate('{tenant_id}').parse(''), { code: 'object-key-invalid' });
});

test('the literal prefix is what stands before the first placeholder', () => {
  assert.equal(hive.literalPrefix, 'logs/tenant_id=');
  assert.equal(compileKeyTemplate('{tenant_id}/x').literalPrefix, '');
});

test('a template without a tenant, or with a placeholder twice, does not compile', () => {
  assert.throws(() => compileKeyTemplate('logs/{cluster_id}/'), /must contain \{tenant_id\}/);
  assert.throws(() => compileKeyTemplate('logs/{TENANT_ID}/'), /must contain \{tenant_id\}/);
  assert.throws(() => compileKeyTemplate('{tenant_id}/{tenant_id}/'), /\{tenant_id\} occurs twice/);
});

test('any three values come back from a key that was made of them', () => {
  const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  return holds(
    fc.property(value, value, value, fc.string(), (tenant_id, cluster_id, environment, rest) => {
      const encode = (text: string) => encodeURIComponent(text);
      const key = `logs/tenant_id=${encode(tenant_id)}/cluster_id=${encode(cluster_id)}/environment=${encode(environment)}/${rest}`;
      assert.deepEqual(hive.parse(key), { tenant_id, cluster_id, environment });
    }),
  );
});
