import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createNotifier } from '../../../../service/run/queue/notifier.ts';

test('a ring wakes all who wait, and not those who come later', async () => {
  const notifier = createNotifier();
  const { signal } = new AbortController();
  const woken: string[] = [];
  const waiting = ['a', 'b'].map((name) => notifier.notified(signal).then(() => woken.push(name)));
  notifier.notify();
  await Promise.all(waiting);
  notifier.notified(signal).then(() => woken.push('late'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(woken, ['a', 'b']);
});

test('an abort wakes too, before and while waiting', async () => {
  const notifier = createNotifier();
  const abort = new AbortController();
  const waiting = notifier.notified(abort.signal);
  abort.abort();
  await waiting;
  await notifier.notified(abort.signal);
});

test('waiting leaves no listener on the signal, however often', async () => {
  const notifier = createNotifier();
  const { signal } = new AbortController();
  for (let n = 0; n < 20; n++) {
    const waiting = notifier.notified(signal);
    notifier.notify();
    await waiting;
  }
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});
