import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asDistributorError, DistributorError, ERROR_CODES } from '../../../service/base/errors.ts';

/** Every code with its disposition, written down a second time: a change of either is a decision, not a slip. */
const DISPOSITIONS = {
  'not-a-notification': 'dead-letter',
  'object-key-invalid': 'dead-letter',
  'object-gone': 'dead-letter',
  'object-corrupt': 'dead-letter',
  'object-unsupported': 'dead-letter',
  'object-archived': 'dead-letter',
  'object-poisonous': 'dead-letter',
  'object-request-rejected': 'dead-letter',
  'object-too-large': 'dead-letter',
  'object-unreadable': 'retry',
  'object-forbidden': 'retry',
  'tenant-unknown': 'dead-letter',
  'tenant-invalid': 'dead-letter',
  'delivery-unknown': 'dead-letter',
  'tenant-lookup-failed': 'retry',
  'role-refused': 'park',
  'role-unavailable': 'park',
  'destination-refused': 'park',
  'destination-throttled': 'pace',
  'destination-rejects-request': 'dead-letter',
  'destination-unavailable': 'park',
  'lease-held': 'wait',
  'answer-awaited': 'wait',
  'copy-interrupted': 'retry',
  'lease-lost': 'retry',
  'ledger-unavailable': 'retry',
  'quarantine-unavailable': 'retry',
  stopping: 'wait',
  'worker-lost': 'retry',
  'memory-short': 'retry',
  unexpected: 'retry',
  'invariant-broken': 'crash',
};

test('every error code has the disposition that the design gives it', () => {
  const actual = Object.fromEntries(ERROR_CODES.map((code) => [code, new DistributorError(code, '').disposition]));
  assert.deepEqual(actual, DISPOSITIONS);
});

test('an error keeps its message, its code and its cause', () => {
  const cause = new Error('why');
  const error = new DistributorError('object-gone', 's3://logs/a does not exist', { cause });
  assert.equal(error.message, 's3://logs/a does not exist');
  assert.equal(error.code, 'object-gone');
  assert.equal(error.cause, cause);
  assert.equal(error.name, 'DistributorError');
});

test('an error that has a code passes through as it is', () => {
  const error = new DistributorError('lease-lost', 'somebody else is at it');
  assert.equal(asDistributorError(error), error);
});

test('anything else that is thrown becomes unexpected, with what it was as text and as cause', () => {
  const cause = new TypeError('x is not a function');
  const wrapped = asDistributorError(cause);
  assert.equal(wrapped.code, 'unexpected');
  assert.equal(wrapped.disposition, 'retry');
  assert.equal(wrapped.message, 'TypeError: x is not a function');
  assert.equal(wrapped.cause, cause);
  for (const thrown of ['text', 42, null, undefined]) {
    assert.equal(asDistributorError(thrown).message, String(thrown));
    assert.equal(asDistributorError(thrown).cause, thrown);
  }
});

test('an error outlives what is thrown while resources are given back, unless that is a broken invariant', () => {
  const thrown = (ending: Error): unknown => {
    try {
      using _resource = {
        [Symbol.dispose]() {
          throw ending;
        },
      };
      throw new DistributorError('object-corrupt', 'broken');
    } catch (error) {
      return error;
    }
  };
  assert.equal(asDistributorError(thrown(new Error('cannot be closed'))).code, 'object-corrupt');
  assert.equal(asDistributorError(thrown(new DistributorError('invariant-broken', 'twice'))).code, 'invariant-broken');
});
