import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DistributorError } from '../../service/base/errors.ts';
import { RECORD_FIELDS } from '../../service/core/chunk.ts';
import { type Delivery, DeliveryError } from '../../service/core/delivery.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { compileNameTemplate } from '../../service/core/template.ts';
import { parseDelivery } from '../../service/destination/parse-delivery.ts';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz.ts';

/** Names of AWS, written down again on purpose (API reference, CreateLogGroup and CreateLogStream). */
const GROUP_NAME = /^[a-zA-Z0-9_\-/.#]{1,512}$/;
const STREAM_NAME = /^[^:*]{1,512}$/u;

const timeout = FUZZ_TIMEOUT_MS;
/** What a tenant's pods can put into a record to get out of their tenant. */
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('.', '/', '..', '%2f', '\\', '\0', 'a', '*', ':', '{', '}', 'ü', '🚚'),
    maxLength: 600,
  }),
  fc.constantFrom('', '.', '..', '../..', '/', '//', '{tenant_id}', '__proto__', 'constructor'),
);
const placeholder = fc.constantFrom(...RECORD_FIELDS, 'tenant_id', 'date', 'nonsense', '').map((name) => `{${name}}`);
const literal = fc.oneof(
  fc.string({ unit: fc.constantFrom('/', 'a', 'b-', '.', '_', '#', 'aws/') }),
  fc.string({ maxLength: 12 }),
);
const template = fc.array(fc.oneof(literal, literal, placeholder), { maxLength: 8 }).map((parts) => parts.join(''));

test(
  'text of records never leaves the literal beginning of a template, and every name is one of CloudWatch Logs',
  { timeout },
  (t) =>
    fuzz(
      t,
      fc.property(
        template,
        fc.constantFrom('group', 'stream'),
        fc.string({ minLength: 1 }),
        fc.array(value, { minLength: 12, maxLength: 12 }),
        (source, kind, tenantId, values) => {
          let compiled: ReturnType<typeof compileNameTemplate>;
          try {
            compiled = compileNameTemplate(source, kind as 'group' | 'stream', tenantId);
          } catch {
            return;
          }
          const name = compiled.render(values);
          const plain = compiled.render([]);
          assert.match(name, kind === 'group' ? GROUP_NAME : STREAM_NAME);
          const beginning = source.slice(0, source.indexOf('{') === -1 ? undefined : source.indexOf('{'));
          assert.ok(name.startsWith(beginning), `${name} does not begin with ${beginning}`);
          // A name that had to be cut keeps its beginning; all others have as many segments as the template.
          if (name.length < 500) assert.equal(name.split('/').length, plain.split('/').length);
          for (const [at, segment] of name.split('/').entries()) {
            if (/^\.+$/.test(segment))
              assert.equal(segment, plain.split('/')[at], 'dots that stand in the template itself');
          }
        },
      ),
    ),
);

const attribute = fc.oneof(
  value,
  fc.jsonValue(),
  fc.bigInt(),
  fc.constantFrom(
    'cloudwatch',
    'cloudwatch#audit',
    'arn:aws:iam::111122223333:role/x',
    '111122223333',
    'us-east-1',
    '/logs/acme',
    'warn',
    'record',
    'true',
    '14',
  ),
  fc.array(fc.string()).map((list) => new Set(list)),
  fc.dictionary(fc.string(), fc.array(fc.string())),
);
const item = fc.record(
  Object.fromEntries(
    [
      'tenant_id',
      'type',
      'enabled',
      'log_distribution_role_arn',
      'account_id',
      'external_id',
      'target_region',
      'log_group_name',
      'log_stream_name',
      'retention_days',
      'desired_logs',
      'groups',
      'min_log_level',
      'message_format',
      'input_format',
      'max_bytes_per_second',
      'somebody_elses',
    ].map((name) => [name, attribute]),
  ),
  { requiredKeys: [] },
);
const GOOD = {
  tenant_id: 'acme',
  type: 'cloudwatch',
  log_distribution_role_arn: 'arn:aws:iam::111122223333:role/logs',
  log_group_name: '/tenant-logs/acme',
};

test('an item of the tenant table is a delivery that can be used, or all of its problems are told', { timeout }, (t) =>
  fuzz(
    t,
    fc.property(item, fc.boolean(), (attributes, fix) => {
      const defaults = { region: 'us-east-1', applicationGroups: { api: ['a'] } };
      const given = fix ? { ...attributes, ...GOOD } : attributes;
      let delivery: Delivery;
      try {
        delivery = parseDelivery(given, defaults);
      } catch (error) {
        assert.ok(error instanceof DeliveryError, `${error}`);
        assert.ok(error.problems.length > 0);
        for (const problem of error.problems) assert.match(problem, /^\w+: .+ \((got [\s\S]+|not set)\)$/);
        return;
      }
      assert.match(delivery.roleArn, /^arn:aws[a-z-]*:iam::\d{12}:role\//);
      assert.match(delivery.target.group.render([]), GROUP_NAME);
      assert.match(delivery.target.stream.render([]), STREAM_NAME);
      assert.ok(delivery.applications === null || delivery.applications.size > 0);
      assert.ok(delivery.minLevel === null || delivery.minLevel >= 0);
    }),
  ),
);

const keyTemplate = fc
  .array(
    fc.oneof(
      fc.constantFrom('logs/', 'a=', '/', '.', '$', '(', 'x'),
      fc.constantFrom('{tenant_id}', '{cluster_id}', '{pod}'),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join(''));

test('a key names a tenant, or is refused; it never names an empty one', { timeout }, (t) =>
  fuzz(
    t,
    fc.property(keyTemplate, fc.array(value, { minLength: 3, maxLength: 3 }), value, (source, values, any) => {
      let compiled: ReturnType<typeof compileKeyTemplate>;
      try {
        compiled = compileKeyTemplate(source);
      } catch {
        return;
      }
      let next = 0;
      const written: Record<string, string> = {};
      const key = source.replaceAll(/\{(\w+)\}/g, (_, name) => {
        written[name] = values[next++] ?? '';
        return encodeURIComponent(written[name]?.toWellFormed() ?? '');
      });
      for (const candidate of [key, `${key}/more`, any]) {
        try {
          const fields = compiled.parse(candidate);
          assert.ok(Object.values(fields).every((text) => text !== ''));
        } catch (error) {
          assert.ok(error instanceof DistributorError, `${error}`);
          assert.equal(error.code, 'object-key-invalid');
        }
      }
    }),
  ),
);
