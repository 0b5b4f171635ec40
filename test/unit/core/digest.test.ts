import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDigests,
  type Digest,
  digestOf,
  formatDigest,
  NO_DIGEST,
  parseDigest,
} from '../../../service/core/digest.ts';
import { holds } from '../../support/property.ts';

const T = 1_790_000_000_000;
const hash = (message: string | Uint8Array, timeMs = T) => formatDigest(digestOf(Buffer.from(message), timeMs));
const add = (events: readonly (readonly [string, number])[]): Digest =>
  events.map(([message, timeMs]) => digestOf(Buffer.from(message), timeMs)).reduce(addDigests, NO_DIGEST);

/** The definition of the docstring, word for word, on whole numbers only. */
function byDefinition(message: Uint8Array, timeMs: number): string {
  const u64 = (x: bigint) => BigInt.asUintN(64, x);
  const mix = (of: bigint) => {
    let x = u64(of);
    x = u64((x ^ (x >> 30n)) * 0xbf58476d1ce4e5b9n);
    x = u64((x ^ (x >> 27n)) * 0x94d049bb133111ebn);
    return x ^ (x >> 31n);
  };
  const key64 = Array.from({ length: 70 }, (_, i) => mix(BigInt(i + 1) * 0x9e3779b97f4a7c15n));
  const key = (row: number, word: number) => {
    const pair = key64[(row * 8 + word) >> 1] as bigint;
    return word % 2 === 0 ? pair & 0xffffffffn : pair >> 32n;
  };
  const padded = Buffer.alloc(Math.ceil(message.length / 32) * 32);
  padded.set(message);
  const lanes = [0, 1].map((lane) => {
    let sum = [0n, 0n];
    for (let at = 0; at < padded.length; at += 32) {
      const stripe = (at / 32) % 16;
      if (stripe === 0 && at > 0) sum = sum.map((x) => u64((x ^ (x >> 47n)) * 0x9e3779b97f4a7c15n));
      for (let j = 0; j < 4; j++) {
        const term = (word: number) =>
          (BigInt(padded.readUInt32LE(at + word * 4)) + key(stripe + lane, word)) & 0xffffffffn;
        sum[j & 1] = u64((sum[j & 1] as bigint) + term(j) * term(j + 4));
      }
    }
    const [first = 0n, second = 0n] = sum;
    return mix(mix(mix(first + (key64[68 + lane] as bigint) + BigInt(message.length)) + second) + BigInt(timeMs));
  });
  const [lo = 0n, hi = 0n] = lanes;
  return hi.toString(16).padStart(16, '0') + lo.toString(16).padStart(16, '0');
}

test('the hash of an event is what its definition says, for every length around stripes and blocks', () => {
  const bytes = Buffer.from(Array.from({ length: 1_100 }, (_, at) => (at * 131 + (at >> 8)) & 0xff));
  for (const length of [0, 1, 3, 4, 15, 16, 17, 31, 32, 33, 63, 64, 65, 250, 511, 512, 513, 543, 544, 1_024, 1_100]) {
    assert.equal(hash(bytes.subarray(0, length)), byDefinition(bytes.subarray(0, length), T), `${length} bytes`);
  }
  const ones = Buffer.alloc(2_000, 0xff);
  assert.equal(hash(ones, 0), byDefinition(ones, 0));
});

test('hashes of any message and time are what the definition says', () =>
  holds(
    fc.property(
      fc.uint8Array({ maxLength: 1_600 }),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      (message, timeMs) => {
        assert.equal(hash(message, timeMs), byDefinition(message, timeMs));
      },
    ),
  ));

test('hashes stay what they were: receipts of last month hold them', () => {
  assert.deepEqual(
    [hash('', 0), hash('a'), hash('a', T + 1), hash('x'.repeat(600))],
    [
      'fc5bbfe863de098a26921015d7152654',
      '7a4b868743580b72fe0d0a0f7ae55340',
      'c24a2d0393654cdff2ffb19d63d57d2f',
      '800cf671333643ecc0a84268dd25a1a7',
    ],
  );
});

test('a set has one digest in any order and in any pieces, and every copy counts', () => {
  const events = Array.from({ length: 50 }, (_, at) => [`line ${at % 7}`, T + (at % 5)] as const);
  const whole = add(events);
  assert.deepEqual(add(events.toReversed()), whole);
  assert.deepEqual(addDigests(add(events.slice(0, 20)), add(events.slice(20))), whole);
  assert.notDeepEqual(add([...events, ['line 0', T]]), whole);
  assert.notDeepEqual(add(events.slice(1)), whole);
});

test('times that changed places are found', () => {
  assert.notDeepEqual(
    add([
      ['a', T],
      ['b', T + 1],
    ]),
    add([
      ['b', T],
      ['a', T + 1],
    ]),
  );
});

test('a digest is written as 32 digits and read back; anything else is none', () => {
  const digest = { lo: 1n, hi: 0xfedcba9876543210n };
  assert.equal(formatDigest(digest), 'fedcba98765432100000000000000001');
  assert.deepEqual(parseDigest(formatDigest(digest)), digest);
  for (const text of ['', 'FEDCBA98765432100000000000000001', '0'.repeat(31), '0'.repeat(33), `0x${'0'.repeat(30)}`]) {
    assert.equal(parseDigest(text), undefined);
  }
});
