import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { releaseMemory } from '../../../service/base/release-memory.ts';

describe('releasing memory', () => {
  it('leaves nothing of bytes that have a buffer for themselves', () => {
    const bytes = new Uint8Array(1_000_000);
    releaseMemory(bytes);
    assert.equal(bytes.length, 0);
  });

  it('leaves bytes alone that share their buffer with others', () => {
    const whole = new Uint8Array(100);
    releaseMemory(whole.subarray(0, 50));
    releaseMemory(whole.subarray(50));
    releaseMemory(Buffer.from('from the pool of small buffers'));
    assert.equal(whole.length, 100);
    assert.equal(Buffer.from('another').toString(), 'another');
  });

  it('leaves bytes alone that several threads may share', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(8));
    releaseMemory(bytes);
    assert.equal(bytes.length, 8);
  });
});
