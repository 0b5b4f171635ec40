import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { createRandom } from '../../../local/workload/random.ts';
import { createGzipBody } from '../../../service/aws/gzip-body.ts';
import { createKernel } from '../../../service/kernel/kernel.ts';
import { createTestKernel } from '../../support/kernel.ts';
import { holds } from '../../support/property.ts';

const gzipBody = createGzipBody(createTestKernel());

/** Checks the round trip. @returns the compressed length, or undefined */
function roundTrip(body: Buffer): number | undefined {
  const gzip = gzipBody(body);
  if (gzip === undefined) return undefined;
  assert.ok(gzip.length < body.length);
  assert.ok(gunzipSync(gzip).equals(body));
  return gzip.length;
}

/** Bytes of which the n-th kind comes so often. */
function bytesByCount(counts: readonly number[]): Buffer {
  const random = createRandom('bytes');
  const bytes = counts.flatMap((count, byte) => Array<number>(count).fill(byte));
  for (let at = bytes.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [bytes[at], bytes[other]] = [bytes[other] as number, bytes[at] as number];
  }
  return Buffer.from(bytes);
}

suite('what gunzip makes of a compressed body is the body', () => {
  test('for text that repeats itself at any distance, and noise in between', async () => {
    let compressed = 0;
    const piece = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ back: fc.integer({ min: 1, max: 70_000 }), length: fc.integer({ min: 1, max: 600 }) }),
      },
      { weight: 2, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
      { weight: 1, arbitrary: fc.record({ byte: fc.nat(255), times: fc.integer({ min: 1, max: 3_000 }) }) },
    );
    await holds(
      fc.property(fc.array(piece, { minLength: 1, size: 'max', maxLength: 400 }), fc.nat(), (pieces, seed) => {
        const random = createRandom(String(seed));
        const body = Buffer.alloc(400_000);
        let end = 0;
        for (; end < 2_000; end++) body[end] = random.below(256);
        for (const one of pieces) {
          if (one instanceof Uint8Array) end += body.set(one, end) ?? one.length;
          else if ('byte' in one) end += body.fill(one.byte, end, end + one.times) && one.times;
          else for (let i = 0; i < one.length; i++, end++) body[end] = body[Math.max(0, end - one.back)] as number;
          if (end > 390_000) break;
        }
        if (roundTrip(body.subarray(0, end)) !== undefined) compressed++;
      }),
      300,
    );
    assert.ok(compressed > 0, 'nothing was compressed');
  });

  test('for one byte a million times', () => {
    assert.ok((roundTrip(Buffer.alloc(1_000_000, 'a')) ?? 1e9) < 5_000);
  });

  test('for more sequences than a block has room for', () => {
    const random = createRandom('sequences');
    const words = Array.from({ length: 50 }, () => random.hex(6));
    const body = Array.from({ length: 150_000 }, () => `${random.pick(words)}${random.below(10)}`).join('');
    assert.ok(roundTrip(Buffer.from(body)) !== undefined);
  });

  test('for bytes so unequally frequent that their codes meet the longest that there may be', () => {
    // As often as Fibonacci's numbers: without a limit the rarest would have a code of 23 bits.
    const counts = [1, 1];
    while (counts.length < 24) counts.push((counts.at(-1) ?? 0) + (counts.at(-2) ?? 0));
    assert.ok(roundTrip(bytesByCount(counts)) !== undefined);
  });

  test('for every byte there is, equally often', () => {
    const body = Buffer.concat([bytesByCount(Array(256).fill(40)), Buffer.alloc(2_000)]);
    assert.ok(roundTrip(body) !== undefined);
  });

  test('for lines as they are sent, in a third of the bytes at most', () => {
    const random = createRandom('lines');
    const events = Array.from({ length: 4_000 }, (_, i) => ({
      timestamp: 1_790_000_000_000 + i * 17,
      message: `${new Date(1_790_000_000_000 + i * 17).toISOString()} INFO request ${random.hex(8)} took ${random.below(900)} ms`,
    }));
    const body = Buffer.from(JSON.stringify({ logGroupName: '/a', logStreamName: 'b', logEvents: events }));
    assert.ok((roundTrip(body) ?? body.length) < body.length / 3);
  });
});

test('bodies that would not become shorter are left as they are', () => {
  const random = createRandom('noise');
  const noise = Buffer.from(Array.from({ length: 50_000 }, () => random.below(256)));
  for (const body of [noise, Buffer.alloc(0), Buffer.from('{}'), Buffer.alloc(18, 'a')]) {
    assert.equal(gzipBody(body), undefined);
  }
});

test('a body is compressed out of memory that is lent for the time of the call only', () => {
  const kernel = createKernel();
  const compress = createGzipBody(kernel);
  const before = kernel.memory.lent;
  assert.ok(compress(Buffer.alloc(100_000, 'abc')));
  assert.equal(kernel.memory.lent, before);
});
