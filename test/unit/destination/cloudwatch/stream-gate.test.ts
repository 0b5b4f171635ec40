import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createStreamGate } from '../../../../service/destination/cloudwatch/stream-gate.ts';

/** Work that ends when it is told to, and notes when it begins. */
function works(begun: string[]) {
  const ends = new Map<string, PromiseWithResolvers<void>>();
  return {
    work: (name: string) => async () => {
      begun.push(name);
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      await end.promise;
    },
    end: async (name: string) => {
      ends.get(name)?.resolve();
      await turn();
    },
    fail: async (name: string) => {
      ends.get(name)?.reject(new Error(name));
      await turn();
    },
  };
}

test('calls pass side by side; what is to be alone waits for them, and keeps later ones waiting', async () => {
  const begun: string[] = [];
  const { work, end, fail } = works(begun);
  const gate = createStreamGate();
  const all = [
    gate.pass('s', work('a')),
    assert.rejects(gate.pass('s', work('b')), { message: 'b' }),
    gate.alone('s', work('alone')),
    gate.alone('s', work('alone too')),
    gate.pass('s', work('later')),
    gate.pass('other', work('other stream')),
  ];
  await turn();
  assert.deepEqual(begun, ['a', 'b', 'other stream']);
  await end('a');
  assert.equal(begun.includes('alone'), false, 'one call is still under way');
  await fail('b');
  assert.deepEqual(begun.slice(3), ['alone']);
  await end('alone');
  assert.deepEqual(begun.slice(3), ['alone', 'alone too']);
  await end('alone too');
  assert.deepEqual(begun.slice(3), ['alone', 'alone too', 'later']);
  await end('later');
  await end('other stream');
  await Promise.all(all);
});

test('work that fails alone opens the stream again', async () => {
  const gate = createStreamGate();
  await assert.rejects(
    gate.alone('s', async () => {
      throw new Error('no');
    }),
    { message: 'no' },
  );
  assert.equal(await gate.pass('s', async () => 7), 7);
});
