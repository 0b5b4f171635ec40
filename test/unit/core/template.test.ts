import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LOG_GROUP_NAME, LOG_STREAM_NAME } from '../../../service/core/limits.ts';
import { compileNameTemplate, sanitizeValue, type TemplateVariable } from '../../../service/core/template.ts';
import { holds } from '../../support/property.ts';

const VARIABLES: readonly TemplateVariable[] = [
  'cluster_id',
  'environment',
  'application',
  'log_level',
  'namespace',
  'pod_name',
  'container_name',
  'node_name',
  'source_type',
  'date',
];

const group = (source: string, tenant = 'acme') => compileNameTemplate(source, 'group', tenant);
const stream = (source: string, tenant = 'acme') => compileNameTemplate(source, 'stream', tenant);

test('placeholders are replaced by their values, in the order of `variables`', () => {
  const template = group('/tenant-logs/acme/{application}/{environment}.{application}');
  assert.deepEqual(template.variables, ['application', 'environment']);
  assert.equal(template.render(['api', 'prod']), '/tenant-logs/acme/api/prod.api');
  assert.equal(template.source, '/tenant-logs/acme/{application}/{environment}.{application}');
});

test('every placeholder of the design may stand in a template', () => {
  for (const name of VARIABLES) assert.deepEqual(stream(`{${name}}`).variables, [name]);
});

test('a template without placeholders is a name', () => {
  assert.equal(group('/tenant-logs/acme').render([]), '/tenant-logs/acme');
});

test('{tenant_id} is filled in when compiling, and counts as literal text', () => {
  assert.equal(group('{tenant_id}/{application}', 'acme').render(['api']), 'acme/api');
  assert.equal(group('/logs/{tenant_id}', '../evil').render([]), '/logs/.._evil');
  assert.equal(group('/logs/{tenant_id}', '$&').render([]), '/logs/__', 'replacement patterns mean nothing');
});

test('an absent value is "unknown"', () => {
  assert.equal(stream('{cluster_id}-{date}').render(['', '2026-01-31']), 'unknown-2026-01-31');
  assert.equal(stream('{cluster_id}-{date}').render([]), 'unknown-unknown');
});

const VALUES: readonly (readonly [value: string, segment: string])[] = [
  ['api', 'api'],
  ['Api_v2-x.y#1', 'Api_v2-x.y#1'],
  ['a/b', 'a_b'],
  ['/', '_'],
  ['../../other', '.._.._other'],
  ['.', '_'],
  ['..', '__'],
  ['...', '___'],
  ['a..b', 'a..b'],
  ['.hidden', '.hidden'],
  ['a b:c*d', 'a_b_c_d'],
  ['a\u0000b\nc\u007f', 'a_b_c_'],
  ['{application}', '_application_'],
  ['café', 'caf_'],
  ['日本', '__'],
  ['🍵', '_'],
  ['\ud800', '_'],
  ['%2F', '_2F'],
];

for (const [value, segment] of VALUES) {
  test(`the value ${JSON.stringify(value)} becomes the segment ${segment}`, () => {
    assert.equal(sanitizeValue(value), segment);
    assert.equal(group('/acme/{application}').render([value]), `/acme/${segment}`);
  });
}

test('a value of 128 characters stays, a longer one is cut and ends with a hash of all of it', () => {
  assert.equal(sanitizeValue('a'.repeat(128)), 'a'.repeat(128));
  const long = sanitizeValue('a'.repeat(129));
  assert.match(long, /^a{115}-[0-9a-f]{12}$/);
  assert.notEqual(long, sanitizeValue(`${'a'.repeat(128)}b`));
  assert.equal(long, sanitizeValue('a'.repeat(129)));
});

test('a name of 512 characters stays, a longer one is cut to 512 and two that differ stay apart', () => {
  const template = stream('{application}{namespace}{pod_name}{container_name}{node_name}');
  const exact = template.render(['a', 'b', 'c', 'd'].map((letter) => letter.repeat(128)).concat(['']));
  assert.equal(exact.length, 512);
  assert.match(exact, /^a{128}b{128}c{128}d{115}-[0-9a-f]{12}$/, '"unknown" made it too long');
  const four = stream('{application}{namespace}{pod_name}{container_name}');
  assert.equal(
    four.render(['a', 'b', 'c', 'd'].map((letter) => letter.repeat(128))),
    `${'a'.repeat(128)}${'b'.repeat(128)}${'c'.repeat(128)}${'d'.repeat(128)}`,
  );
  const last = (letter: string) =>
    template.render(['a'.repeat(128), 'b'.repeat(128), 'c'.repeat(128), 'd'.repeat(128), letter]);
  assert.notEqual(last('x'), last('y'));
});

test('a name that is cut within a character stays valid text', () => {
  // 384 characters of values, and the cut at 499 falls into the middle of a pair.
  const name = stream(`{application}{namespace}{pod_name}${'🍵'.repeat(100)}`).render(Array(3).fill('a'.repeat(128)));
  assert.equal(name.length, 512);
  assert.ok(name.isWellFormed());
});

const WRONG: readonly (readonly [source: string, kind: 'group' | 'stream', rule: RegExp])[] = [
  ['{application}', 'group', /must begin with literal text/],
  ['', 'group', /must not be empty/],
  ['', 'stream', /must not be empty/],
  ['/acme/{pod}', 'group', /unknown placeholder \{pod\}/],
  ['/acme/{customer_tenant}', 'group', /unknown placeholder \{customer_tenant\}/],
  ['/acme/{file}', 'group', /unknown placeholder \{file\}/],
  ['/acme/{}', 'group', /unknown placeholder \{\}/],
  ['/acme/{constructor}', 'group', /unknown placeholder \{constructor\}/],
  ['/acme/{application', 'group', /a brace that opens or closes no placeholder/],
  ['/acme/application}', 'group', /a brace that opens or closes no placeholder/],
  ['/acme/{{application}}', 'group', /a brace that opens or closes no placeholder/],
  ['/acme/a b', 'group', /may hold only a-zA-Z0-9_-\/\.#/],
  ['/acme/café/{application}', 'group', /may hold only a-zA-Z0-9_-\/\.#/],
  ['aws/acme/{application}', 'group', /may not begin with aws\//],
  ['a:b', 'stream', /may not hold ":", "\*" or control characters/],
  ['{date}*', 'stream', /may not hold ":", "\*" or control characters/],
  ['a\nb', 'stream', /may not hold ":", "\*" or control characters/],
  [`/${'a'.repeat(256)}`, 'group', /more than 256 characters of literal text/],
];

for (const [source, kind, rule] of WRONG) {
  test(`the ${kind} template ${JSON.stringify(source.slice(0, 40))} is refused with its rule`, () => {
    assert.throws(() => compileNameTemplate(source, kind, 'acme'), rule);
  });
}

test('256 characters of literal text are enough and not too many', () => {
  assert.equal(group(`/${'a'.repeat(255)}`).render([]).length, 256);
});

const literal = fc.stringMatching(/^[a-zA-Z0-9_\-/.#]{1,40}$/);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('.', '/', '\\', ':', '*', '{', '}', '\u0000', '\ud83c', '%2F', 'a'),
    maxLength: 200,
  }),
  fc.constantFrom('..', '../..', '/', '/other-tenant/secrets', '\n', `${'x'.repeat(600)}`),
);
const template = fc.tuple(
  literal,
  fc.array(fc.tuple(fc.constantFrom(...VARIABLES), fc.constantFrom('', '/', '-', '.', 'x')), { maxLength: 6 }),
);

test('whatever a record holds, a group name is valid, stays below the literal text, and gains no path segment', () =>
  holds(
    fc.property(template, fc.array(hostile, { minLength: 10, maxLength: 10 }), ([prefix, rest], values) => {
      const source = prefix + rest.map(([name, after]) => `{${name}}${after}`).join('');
      const name = group(source).render(values);
      assert.match(name, LOG_GROUP_NAME);
      assert.ok(name.startsWith(prefix), `${name} left ${prefix}`);
      const slashes = (text: string) => text.split('/').length - 1;
      assert.ok(slashes(name) <= slashes(source), `${name} has more segments than ${source}`);
      for (const value of values) {
        assert.doesNotMatch(group('/acme/{application}').render([value]), /^\/acme\/\.+$/, 'no segment climbs');
      }
    }),
    1_000,
  ));

test('whatever a record holds, a stream name is valid', () =>
  holds(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/[{}:*\p{Cc}]/u.test(text)),
      template,
      fc.array(hostile, { minLength: 10, maxLength: 10 }),
      (before, [prefix, rest], values) => {
        const source = before + prefix + rest.map(([name, after]) => `{${name}}${after}`).join('');
        const name = stream(source).render(values);
        assert.match(name, LOG_STREAM_NAME);
        assert.ok(name.length <= 512);
        assert.ok(name.isWellFormed());
      },
    ),
    1_000,
  ));
