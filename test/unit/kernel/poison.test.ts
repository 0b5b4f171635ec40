import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAllocator } from '../../../service/kernel/allocator.ts';
import { createPoison } from '../../../service/kernel/poison.ts';

function poisonedMemory() {
  const bytes = Buffer.alloc(64 * 1024);
  return { bytes, memory: createAllocator(0, bytes.length, createPoison(bytes)) };
}

const isPoison = (byte: number) => byte === 0xdb;

test('a view of memory that was released shows poison, and nothing else is touched', () => {
  const { bytes, memory } = poisonedMemory();
  using other = memory.lend(100);
  bytes.fill(1, other.at, other.at + 4_096);
  const loan = memory.lend(5_000);
  const view = bytes.subarray(loan.at, loan.at + 5_000).fill(2);
  loan[Symbol.dispose]();
  assert.ok(view.every(isPoison));
  assert.ok(bytes.subarray(other.at, other.at + 4_096).every((byte) => byte === 1));
});

test('whoever writes to memory that was released, or never lent, is noticed by the next loan of it', () => {
  for (const wasLent of [true, false]) {
    const { bytes, memory } = poisonedMemory();
    if (wasLent) memory.lend(10_000)[Symbol.dispose]();
    bytes[9_000] = 7;
    assert.throws(() => memory.lend(10_000), { code: 'invariant-broken' });
  }
});

test('memory that is lent holds poison, also where it was zeros before', () => {
  const { bytes, memory } = poisonedMemory();
  using loan = memory.lend(5_000);
  assert.ok(bytes.subarray(loan.at, loan.at + 5_000).every(isPoison));
});
