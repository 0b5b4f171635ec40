import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OF_THE_IMAGE } from '../../../local/service-process.ts';
import { giveIdleMemoryBack } from '../../../service/base/idle-memory.ts';

const MEMORY = fileURLToPath(new URL('../../../service/base/idle-memory.ts', import.meta.url));

test('whoever has worked and is idle collects, once a minute at most, and not where the heap is large', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const state = { busy: true, used: 30_000_000, ms: 0, collected: 0 };
  const stop = giveIdleMemoryBack({
    isBusy: () => state.busy,
    collect: () => state.collected++,
    usedBytes: () => state.used,
    nowMs: () => state.ms,
  });
  const pass = (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      state.ms += 1_000;
      t.mock.timers.tick(1_000);
    }
    return state.collected;
  };
  assert.equal(pass(10), 0, 'while it works');
  state.busy = false;
  assert.equal(pass(1), 1);
  assert.equal(pass(300), 1, 'without new work there is nothing to give back');
  state.busy = true;
  pass(1);
  state.busy = false;
  assert.equal(pass(1), 2);
  state.busy = true;
  pass(1);
  state.busy = false;
  assert.equal(pass(50), 2, 'a minute has not passed');
  assert.equal(pass(10), 3);
  state.busy = true;
  state.used = 400_000_000;
  pass(100);
  state.busy = false;
  assert.equal(pass(100), 3, 'a collection of so much would take long');
  stop();
  state.used = 30_000_000;
  assert.equal(pass(100), 3);
});

const PROGRAM = `
  const { giveIdleMemoryBack } = await import(process.argv[1]);
  const { getHeapStatistics } = await import('node:v8');
  let kept = [];
  for (let n = 0; n < 300_000; n++) kept.push({ n });
  kept = null;
  const before = getHeapStatistics().total_physical_size;
  giveIdleMemoryBack({ isBusy: () => false, nowMs: () => performance.now() });
  setTimeout(() => console.log(before - getHeapStatistics().total_physical_size), 2_500);
`;

test('with the options of the image the heap shrinks, in a process that nothing else keeps alive', () => {
  const env = { ...process.env, NODE_OPTIONS: OF_THE_IMAGE.NODE_OPTIONS };
  const args = ['--input-type=module', '--eval', PROGRAM, MEMORY];
  const { stdout, status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.ok(Number(stdout) > 4_000_000, `${stdout} bytes`);
});
