import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untested } from '../../../service/destination/kind.ts';
import { KINDS, kindOf, kindOfType } from '../../../service/destination/kinds.ts';
import { ATTRIBUTE_NAMES } from '../../../service/destination/parse-delivery.ts';
import { S3 } from '../../../service/destination/s3/kind.ts';
import { buildDelivery } from '../../support/delivery.ts';

const TO_BUCKET = buildDelivery({ type: 's3#archive', bucket_name: 'acme-logs' });

test('a type names its kind, alone or with a name behind it; what names none is of another system', () => {
  for (const kind of KINDS) {
    assert.equal(kindOfType(kind.kind), kind);
    assert.equal(kindOfType(`${kind.kind}#audit`), kind);
  }
  for (const type of ['', 's3x', '#s3', 'firehose', undefined, 7]) assert.equal(kindOfType(type), undefined, `${type}`);
});

test('a delivery is of one kind only', () => {
  assert.equal(kindOf(TO_BUCKET), S3);
  assert.deepEqual(
    KINDS.filter((kind) => kind.is(TO_BUCKET.target)).map(({ kind }) => kind),
    ['s3'],
  );
  assert.deepEqual(
    KINDS.filter((kind) => kind.is(buildDelivery().target)).map(({ kind }) => kind),
    ['cloudwatch'],
  );
});

test('no kind takes a delivery of another', () => {
  for (const kind of KINDS.filter((one) => one !== S3)) {
    assert.throws(() => kind.templateParameters(TO_BUCKET), { code: 'invariant-broken' });
  }
});

test('no attribute means two things', () => {
  assert.equal(new Set(ATTRIBUTE_NAMES).size, ATTRIBUTE_NAMES.length);
});

test('each step of a check that cannot be made is said to be untested, with the reason', () => {
  for (const kind of KINDS) {
    const steps = untested(kind, 'no role');
    assert.ok(steps.length > 0);
    assert.ok(steps.every(({ outcome, detail }) => outcome === 'not tested' && detail === 'no role'));
  }
});
