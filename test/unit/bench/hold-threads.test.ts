import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { holdThreads } from '../../bench/hold-threads.ts';

/** `parentPort` keeps it alive until it is told. */
const WAITING = 'require("node:worker_threads").parentPort.once("message", () => {})';

test('worker threads are held to their share, the main thread is not, and all of it ends', async (t) => {
  const worker = new Worker(WAITING, { eval: true, name: 'delivery-0' });
  t.after(() => worker.terminate());
  await once(worker, 'online');
  const held = holdThreads(process.pid, 0.3);
  if (!held) return t.skip('this takes Linux, version 1 of control groups, and root');

  const groupOf = (thread: number | string) =>
    readFileSync(`/proc/self/task/${thread}/cgroup`, 'utf8').match(/:(?:\w+,)*cpu(?:,\w+)*:(.*)$/m)?.[1] ?? '';
  const own = groupOf(process.pid);
  const group = /log-distributor-bench-(\d+)$/;
  const threads = readdirSync('/proc/self/task');
  const inGroups = threads.filter((thread) => group.test(groupOf(thread)));
  assert.equal(inGroups.length, 1);
  const [thread = ''] = inGroups;
  const folder = `/sys/fs/cgroup/cpu${groupOf(thread)}`;
  assert.equal(group.exec(folder)?.[1], thread);
  assert.equal(readFileSync(`${folder}/cpu.cfs_quota_us`, 'utf8').trim(), '1500');
  assert.equal(readFileSync(`${folder}/cpu.cfs_period_us`, 'utf8').trim(), '5000');

  held[Symbol.dispose]();
  assert.equal(groupOf(thread), own);
  assert.equal(existsSync(folder), false);
});

test('a process without worker threads is not taken for one whose threads are held', {
  skip: existsSync('/proc/self/task') ? false : 'this takes Linux, version 1 of control groups, and root',
}, () => {
  assert.throws(() => holdThreads(process.pid, 0.3), /no worker threads/);
});
