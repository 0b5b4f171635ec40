import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createBell } from '../../../../service/run/queue/notifier.ts';

test('a ring wakes all who wait, and not those who come later', async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  const woken: string[] = [];
  const waiting = ['a', 'b'].map((name) => bell.heard(signal).then(() => woken.push(name)));
  bell.ring();
  await Promise.all(waiting);
  bell.heard(signal).then(() => woken.push('late'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(woken, ['a', 'b']);
});

test('an abort wakes too, before and while waiting', async () => {
  const bell = createBell();
  const abort = new AbortController();
  const waiting = bell.heard(abort.signal);
  abort.abort();
  await waiting;
  await bell.heard(abort.signal);
});

test('waiting leaves no listener on the signal, however often', async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  for (let n = 0; n < 20; n++) {
    const waiting = bell.heard(signal);
    bell.ring();
    await waiting;
  }
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});
