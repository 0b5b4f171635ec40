import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryError, layoutOf } from '../../../../service/core/delivery.ts';
import { planChunk } from '../../../../service/core/plan.ts';
import type { Replay } from '../../../../service/core/replay.ts';
import { parseDelivery } from '../../../../service/destination/parse-delivery.ts';
import { S3 } from '../../../../service/destination/s3/kind.ts';
import { copyKey, recordsKey } from '../../../../service/destination/s3/target.ts';
import { buildChunk } from '../../../support/chunk.ts';

const ITEM = {
  tenant_id: 'acme',
  type: 's3',
  log_distribution_role_arn: 'arn:aws:iam::111122223333:role/logs',
  bucket_name: 'acme-logs',
} as const;
const DEFAULTS = { region: 'us-east-1', applicationGroups: {} };
const parse = (attributes: Readonly<Record<string, unknown>> = {}) =>
  parseDelivery({ ...ITEM, ...attributes }, DEFAULTS);

function problemsOf(attributes: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parse(attributes);
  } catch (error) {
    assert.ok(error instanceof DeliveryError);
    return error.problems;
  }
  return [];
}

test('an item that sets only what it must gets the defaults of the design', () => {
  const { target, messageFormat, accountId } = parse();
  assert.ok(S3.is(target));
  const { group, stream, limits, ...rest } = target;
  assert.deepEqual(rest, {
    kind: 's3',
    service: { id: 's3', name: 'S3' },
    bucket: 'acme-logs',
    bucketAccountId: undefined,
    keyPrefix: '',
    kmsKeyArn: undefined,
    bucketOwnerFullControl: false,
    receipts: undefined,
  });
  assert.deepEqual([messageFormat, accountId], ['record', '111122223333']);
});

test('every attribute is read', () => {
  const kmsKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/0b5c7a1e';
  const { target } = parse({
    type: 's3#archive',
    bucket_prefix: 'platform/logs/',
    bucket_account_id: '999988887777',
    kms_key_arn: kmsKeyArn,
    bucket_owner_full_control: 'true',
  });
  assert.ok(S3.is(target));
  const { keyPrefix, bucketAccountId, bucketOwnerFullControl } = target;
  assert.deepEqual(
    [keyPrefix, bucketAccountId, target.kmsKeyArn, bucketOwnerFullControl],
    ['platform/logs/', '999988887777', kmsKeyArn, true],
  );
});

const BUCKET = 'bucket_name: must be the name of an S3 bucket';
const PREFIX = 'bucket_prefix: may';
const WRONG: readonly (readonly [attributes: Readonly<Record<string, unknown>>, problem: string])[] = [
  [{ bucket_name: undefined }, 'bucket_name: is required (not set)'],
  [{ bucket_name: 'Upper' }, BUCKET],
  [{ bucket_name: 'a..b' }, BUCKET],
  [{ bucket_name: 'a/b' }, BUCKET],
  [{ bucket_prefix: '/absolute' }, PREFIX],
  [{ bucket_prefix: 'a/../b/' }, PREFIX],
  [{ bucket_prefix: '..' }, PREFIX],
  [{ bucket_prefix: 'sp ace' }, PREFIX],
  [{ bucket_prefix: 'x'.repeat(257) }, 'bucket_prefix: must have at most 256 characters'],
  [{ bucket_account_id: '42' }, 'bucket_account_id: must be a text of 12 digits'],
  [{ kms_key_arn: 'key' }, 'kms_key_arn: must be the ARN of a KMS key'],
  [{ bucket_owner_full_control: 'yes' }, 'bucket_owner_full_control: must be true or false'],
  [{ message_format: 'message' }, 'message_format: must be record for s3'],
  [{ log_distribution_role_arn: undefined }, 'log_distribution_role_arn: is required (not set)'],
];

for (const [attributes, problem] of WRONG) {
  test(`${JSON.stringify(attributes).slice(0, 60)} is refused with its rule`, () => {
    const [found, ...more] = problemsOf(attributes);
    assert.deepEqual(more, []);
    assert.ok(found?.startsWith(problem), String(found));
  });
}

test('a copy keeps the key of its object below the prefix, and records add where they begin', () => {
  const at = { keyPrefix: 'logs/' };
  assert.equal(copyKey(at, 'logs/tenant_id=acme/a.parquet'), 'logs/logs/tenant_id=acme/a.parquet');
  assert.equal(recordsKey(at, { key: 'a.parquet' }, 1_234), 'logs/a.parquet.000000001234.ndjson.gz');
});

test('a replay of some records never takes the place of the file that has them all', () => {
  const at = { keyPrefix: 'logs/' };
  const keyIn = (replay: Replay) => recordsKey(at, { key: 'a', replay }, 7);
  assert.equal(keyIn({ id: 'r1' }), recordsKey(at, { key: 'a' }, 7), 'all of them are delivered again');
  assert.equal(keyIn({ id: 'r1', delivery: 's3' }), recordsKey(at, { key: 'a' }, 7));
  for (const part of [{ application: 'api' }, { records: [[0, 3]] }] as const) {
    assert.equal(keyIn({ id: 'r1', ...part }), 'logs/a.000000000007.r1.ndjson.gz');
  }
});

test('a key that would be too long for S3 is cut, stays below the prefix, and is nobody else’s', () => {
  const at = { keyPrefix: 'logs/' };
  const long = 'é'.repeat(511);
  const keys = [`${long}1`, `${long}2`].map((key) => recordsKey(at, { key }, 7));
  for (const key of keys) {
    assert.ok(Buffer.byteLength(key) <= 1_024, `${Buffer.byteLength(key)} bytes`);
    assert.match(key, /^logs\/é+-[0-9a-f]{32}\.000000000007\.ndjson\.gz$/);
  }
  assert.notEqual(keys[0], keys[1]);
  assert.equal(copyKey(at, 'k'.repeat(1_019)).length, 1_024, 'a key that just fits stays as it is');
});

test('the records of a chunk are one batch in the order of the object, whatever their times and sizes', () => {
  const delivery = parse({ min_log_level: 'info' });
  const day = 86_400_000;
  const chunk = buildChunk([
    { message: '{"a":1}', timeMs: 9 * day, fields: { log_level: 'info' } },
    { message: '{"b":2}', timeMs: -5, fields: { log_level: 'info' } },
    { message: '{"c":3}', timeMs: 2 * day, fields: { log_level: 'debug' } },
    { message: `"${'x'.repeat(3_000_000)}"`, timeMs: day, fields: { log_level: 'error' } },
  ]);
  const plan = planChunk(chunk, { delivery, keyFields: {}, lastModifiedMs: 0, eventBytesMax: 1_000_000 });
  assert.deepEqual(
    plan.batches.map(({ events, bytes, route }) => [[...events], bytes, route]),
    [[[0, 1, 3], 14 + 3_000_002, { group: 'acme-logs', stream: '' }]],
  );
  assert.deepEqual([plan.filtered, plan.refusals, plan.parts], [1, [], []]);
});

test('a record of another tenant is refused for a bucket as for a log group', () => {
  const chunk = buildChunk([{ message: '{}', fields: { customer_tenant: 'globex' } }]);
  const plan = planChunk(chunk, { delivery: parse(), keyFields: {}, lastModifiedMs: 0, eventBytesMax: 1_000_000 });
  assert.deepEqual([plan.batches, plan.refusals[0]?.reason], [[], 'foreign_tenant']);
});

test('the layout changes with bucket, prefix and kind', () => {
  const layouts = [{}, { bucket_name: 'other' }, { bucket_prefix: 'p/' }].map((attributes) =>
    layoutOf(parse(attributes)),
  );
  assert.equal(new Set(layouts).size, 3);
  assert.equal(layoutOf(parse({ kms_key_arn: 'arn:aws:kms:us-east-1:111122223333:key/1' })), layouts[0]);
});
