import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { DistributorError } from '../../../service/base/errors.ts';
import { throwIfStopped, unlessStopped } from '../../../service/delivery/destination.ts';

const controllers = () => ({ drain: new AbortController(), abort: new AbortController() });
const signalsOf = ({ drain, abort }: ReturnType<typeof controllers>) => ({ drain: drain.signal, abort: abort.signal });
const GONE = new DistributorError('lease-lost', 'gone');

test('as long as nobody says stop, nothing is thrown', () => {
  throwIfStopped(signalsOf(controllers()));
});

test('a drain is `stopping`, an abort its reason, and the abort goes first', () => {
  const both = controllers();
  both.drain.abort();
  assert.throws(() => throwIfStopped(signalsOf(both)), { code: 'stopping', disposition: 'wait' });
  both.abort.abort(GONE);
  assert.throws(() => throwIfStopped(signalsOf(both)), GONE);
});

test('work that ends before a stop gives its result or its error', async () => {
  const signals = signalsOf(controllers());
  assert.equal(await unlessStopped(Promise.resolve(7), signals), 7);
  await assert.rejects(unlessStopped(Promise.reject(new Error('no')), signals), { message: 'no' });
});

for (const how of ['drain', 'abort'] as const) {
  test(`a stop by ${how} ends the wait, and what the work does later is nobody's`, async () => {
    const stop = controllers();
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting = unlessStopped(promise, signalsOf(stop));
    stop[how].abort(GONE);
    await assert.rejects(waiting, { code: how === 'drain' ? 'stopping' : 'lease-lost' });
    // An unhandled rejection would fail this test's process.
    reject(new Error('later'));
    await new Promise((resolve) => setImmediate(resolve));
  });
}

test('waiting leaves no listener behind', async () => {
  const signals = signalsOf(controllers());
  const any = AbortSignal.any.bind(AbortSignal);
  const made: AbortSignal[] = [];
  AbortSignal.any = (sources) => {
    const signal = any(sources);
    made.push(signal);
    return signal;
  };
  try {
    await unlessStopped(Promise.resolve(), signals);
  } finally {
    AbortSignal.any = any;
  }
  assert.deepEqual(
    made.map((signal) => getEventListeners(signal, 'abort').length),
    [0],
  );
});
