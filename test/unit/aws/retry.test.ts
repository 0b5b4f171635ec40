import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { withRetry } from '../../../service/aws/retry.ts';
import { DistributorError } from '../../../service/base/errors.ts';
import { awsError } from '../../support/aws-error.ts';

const POLICY = { attemptsMax: 4, firstMs: 1, capMs: 2 };
const never = new AbortController().signal;

/** Fails with the given errors, one after another, then succeeds. */
function failing(...errors: Error[]) {
  const attempts: number[] = [];
  const operation = async (attempt: number) => {
    attempts.push(attempt);
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
  return { operation, attempts };
}

test('throttling and passing trouble are sat out, and told of each time', async () => {
  const { operation, attempts } = failing(awsError('SlowDown'), awsError('InternalError', 500), new Error('reset'));
  const told: unknown[] = [];
  const result = await withRetry(
    operation,
    POLICY,
    { random: () => 0.5, onRetry: (fault, error, attempt) => told.push([fault, (error as Error).message, attempt]) },
    never,
  );
  assert.equal(result, 'done');
  assert.deepEqual(attempts, [1, 2, 3, 4]);
  assert.deepEqual(told, [
    ['throttle', 'SlowDown', 1],
    ['transient', 'InternalError', 2],
    ['transient', 'reset', 3],
  ]);
});

test('when the attempts are used up, the last error is thrown, and nobody is told of another try', async () => {
  const errors = [1, 2, 3, 4, 5].map((n) => awsError('SlowDown', 503, `number ${n}`));
  const { operation, attempts } = failing(...errors);
  let told = 0;
  await assert.rejects(withRetry(operation, POLICY, { random: () => 0, onRetry: () => told++ }, never), {
    message: 'number 4',
  });
  assert.deepEqual([attempts, told], [[1, 2, 3, 4], 3]);
});

for (const name of ['AccessDenied', 'NoSuchKey', 'PreconditionFailed', 'InvalidRange', 'ExpiredToken', 'AbortError']) {
  test(`${name} is not repeated`, async () => {
    const { operation, attempts } = failing(awsError(name));
    await assert.rejects(withRetry(operation, POLICY, { random: () => 0 }, never), { name });
    assert.deepEqual(attempts, [1]);
  });
}

test('an error of our own is not repeated, whatever caused it', async () => {
  const cause = awsError('InternalError', 500);
  const { operation, attempts } = failing(new DistributorError('role-unavailable', 'the first hop failed', { cause }));
  await assert.rejects(withRetry(operation, POLICY, { random: () => 0 }, never), { code: 'role-unavailable' });
  assert.deepEqual(attempts, [1]);
});

test('after a throttled call the wait is longer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [name, waitMs] of [
    ['SlowDown', 500],
    ['InternalError', 100],
  ] as const) {
    const { operation, attempts } = failing(awsError(name, 503));
    const policy = { attemptsMax: 2, firstMs: 100, throttledFirstMs: 500, capMs: 20_000 };
    const done = withRetry(operation, policy, { random: () => 0 }, never);
    for (let turn = 0; turn < 5; turn++) await null;
    t.mock.timers.tick(waitMs - 1);
    for (let turn = 0; turn < 5; turn++) await null;
    assert.deepEqual(attempts, [1]);
    t.mock.timers.tick(1);
    assert.equal(await done, 'done');
  }
});

test('an aborted signal begins nothing', async () => {
  const { operation, attempts } = failing();
  const reason = new Error('over');
  await assert.rejects(withRetry(operation, POLICY, { random: () => 0 }, AbortSignal.abort(reason)), reason);
  assert.deepEqual(attempts, []);
});

test('an abort during the wait ends it at once, and nothing more is tried', async () => {
  const abort = new AbortController();
  const { operation, attempts } = failing(awsError('SlowDown'));
  const day = { attemptsMax: 4, firstMs: 86_400_000, capMs: 86_400_000 };
  const call = withRetry(
    operation,
    day,
    { random: () => 0, onRetry: () => setImmediate(() => abort.abort()) },
    abort.signal,
  );
  await assert.rejects(call, { name: 'AbortError' });
  assert.deepEqual(attempts, [1]);
});

test('an operation that an abort has broken is not repeated, and its own error is thrown', async () => {
  const abort = new AbortController();
  let attempts = 0;
  const operation = async () => {
    attempts++;
    abort.abort();
    throw new Error('socket closed');
  };
  await assert.rejects(withRetry(operation, POLICY, { random: () => 0 }, abort.signal), { message: 'socket closed' });
  assert.equal(attempts, 1);
});

test('waits leave no listener on the signal', async () => {
  const abort = new AbortController();
  const { operation } = failing(awsError('SlowDown'), awsError('SlowDown'));
  await withRetry(operation, POLICY, { random: () => 0 }, abort.signal);
  assert.deepEqual(getEventListeners(abort.signal, 'abort'), []);
});
