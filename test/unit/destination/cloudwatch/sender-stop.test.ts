import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DistributorError } from '../../../../service/base/errors.ts';
import { ALL_ACCEPTED, counted, setUpCloudWatch } from '../../../support/cloudwatch-scene.ts';
import { NEVER } from '../../../support/stop-signals.ts';
import { until } from '../../../support/until.ts';

test('a stop does not wait for STS', async (t) => {
  const { sts, send, plan, logs } = await setUpCloudWatch(t);
  sts.hold();
  const drain = new AbortController();
  const abort = new AbortController();
  const drained = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  const aborted = send(plan('x'), { drain: NEVER.drain, abort: abort.signal });
  const reason = new DistributorError('lease-lost', 'gone');
  drain.abort();
  abort.abort(reason);
  await assert.rejects(drained, { code: 'stopping' });
  await assert.rejects(aborted, reason);
  sts.letGo();
  assert.deepEqual(logs.calls, []);
});

test('a stop does not wait for a creation, which goes on for the others that share it', async (t) => {
  const { send, plan, logs, stored } = await setUpCloudWatch(t);
  const gate = Promise.withResolvers<void>();
  logs.faults.CreateLogStream.push({ wait: gate.promise });
  const drain = new AbortController();
  const drained = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  const staying = send(plan('y'));
  await until(() => logs.calls.length === 2);
  drain.abort();
  await assert.rejects(drained, { code: 'stopping' });
  await until(() => logs.calls.length === 3);
  gate.resolve();
  await staying;
  assert.equal(
    logs.calls.filter((call) => call.startsWith('CreateLogStream')).length,
    2,
    'one creation, with its group',
  );
  assert.deepEqual(stored(), ['y']);
});

// Without the stop, the client's own timeout of 30 s would end the wait, and hide it.
test('a drain that comes while a put finds its stream missing begins no wait for the creation', {
  timeout: 15_000,
}, async (t) => {
  const { send, plan, logs } = await setUpCloudWatch(t);
  const put = Promise.withResolvers<void>();
  logs.faults.PutLogEvents.push({ wait: put.promise });
  logs.faults.CreateLogStream.push({ silent: true });
  const drain = new AbortController();
  const sending = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  sending.catch(() => {});
  await until(() => logs.calls.length === 1);
  drain.abort();
  put.resolve();
  await assert.rejects(sending, { code: 'stopping' });
});

test('a drain ends the wait for the next attempt at once', async (t) => {
  const { logs, send, exists, plan, puts } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push(...Array(20).fill({ error: 'InternalFailure', status: 500 }));
  const drain = new AbortController();
  const sending = send(plan('x'), { drain: drain.signal, abort: NEVER.abort });
  sending.catch(() => {});
  await until(() => puts() >= 1);
  drain.abort();
  await assert.rejects(sending, { code: 'stopping' });
  assert.ok(puts() < 12, 'not when all attempts are used up');
});

test('a drain does not break a put that is under way', async (t) => {
  const { logs, send, exists, plan, stored } = await setUpCloudWatch(t);
  exists('s');
  const gate = Promise.withResolvers<void>();
  logs.faults.PutLogEvents.push({ wait: gate.promise });
  const drain = new AbortController();
  const sending = send(plan('x', 'y'), { drain: drain.signal, abort: NEVER.abort });
  await until(() => logs.calls.length === 1);
  drain.abort();
  gate.resolve();
  assert.deepEqual(await sending, ALL_ACCEPTED);
  assert.deepEqual(stored(), ['x', 'y']);
});

test('an abort breaks a put that is under way, with its reason', async (t) => {
  const { logs, send, exists, plan } = await setUpCloudWatch(t);
  exists('s');
  logs.faults.PutLogEvents.push({ silent: true });
  const abort = new AbortController();
  const sending = send(plan('x'), { drain: NEVER.drain, abort: abort.signal });
  sending.catch(() => {});
  await until(() => logs.calls.length === 1);
  const reason = new DistributorError('lease-lost', 'gone');
  abort.abort(reason);
  await assert.rejects(sending, reason);
  assert.equal(logs.calls.length, 1);
});

test('a put that is stopped before it can be executed is not counted as one that ended without an answer', async (t) => {
  const drain = new AbortController();
  const { logs, send, exists, plan, metrics, stored } = await setUpCloudWatch(t, {
    attributes: { exactly_once: true },
    writer: (real) => ({
      ...real,
      put: (...call) => {
        drain.abort();
        return real.put(...call);
      },
    }),
  });
  exists('s');
  await assert.rejects(send(plan('x'), { drain: drain.signal, abort: NEVER.abort }), { code: 'stopping' });
  assert.deepEqual([stored(), logs.calls], [[], []]);
  assert.deepEqual(await counted(metrics.ambiguousPuts), [[0]]);
  assert.deepEqual(await counted(metrics.puts), []);
});
