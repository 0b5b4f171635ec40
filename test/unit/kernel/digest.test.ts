import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDigests, digestOf, NO_DIGEST } from '../../../service/core/digest.ts';
import { createKernel } from '../../../service/kernel/kernel.ts';
import { type LaidMessage, layMessages } from '../../support/kernel-digest.ts';
import { text } from '../../support/lines.ts';
import { holds } from '../../support/property.ts';

/** The digest of the kernel: against the plain form of core/digest.ts, and how good it is. */

const kernel = createKernel({ kernelPoison: true });
const T = 1_790_000_000_000;
const SCRATCH_BYTES = 4_096;

const asText = (message: string | Uint8Array, timeMs = T): LaidMessage => ({ bytes: Buffer.from(message), timeMs });

/** Escaped as some writers do: some characters by number that need none, and slashes. */
function asJson(message: string, timeMs: number, odd: boolean): LaidMessage {
  const escaped = JSON.stringify(message).slice(1, -1);
  const byNumber = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
  const bytes = odd ? escaped.replaceAll('/', '\\/').replaceAll(/[^\0-\x7f]|[AMz]/g, byNumber) : escaped;
  return { bytes: Buffer.from(bytes), timeMs, unescapedBytes: Buffer.byteLength(message) };
}

function byKernel(messages: readonly LaidMessage[]) {
  using laid = layMessages(kernel, messages, SCRATCH_BYTES);
  return laid.digest();
}

/** Of messages as they read. */
function plainly(messages: readonly (readonly [message: string | Uint8Array, timeMs: number])[]) {
  const bytes = messages.map(([message, timeMs]) => ({ bytes: Buffer.from(message), timeMs }));
  return {
    digest: bytes.map((one) => digestOf(one.bytes, one.timeMs)).reduce(addDigests, NO_DIGEST),
    bytes: bytes.reduce((sum, one) => sum + one.bytes.length, 0),
  };
}

test('every length around stripes and blocks gives what the plain form gives', () => {
  const bytes = Buffer.from(Array.from({ length: 2_100 }, (_, at) => (at * 197 + (at >> 8)) & 0xff));
  for (let length = 0; length <= 1_100; length++) {
    const message = bytes.subarray(length % 7, (length % 7) + length);
    assert.deepEqual(byKernel([asText(message)]), plainly([[message, T]]), `${length} bytes`);
  }
});

test('any messages, as text or as the inside of JSON strings, give what the plain form gives of what they read as', () => {
  const message = fc.oneof(
    { weight: 4, arbitrary: text.map((one) => one.toWellFormed()) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 600 }).map((one) => one.toWellFormed()) },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.constantFrom('"', '\\', 'n', '🍵', 'é', '\u0001', '/', 'abcdefghijkl'))
        .map((all) => all.join('')),
    },
  );
  const event = fc.tuple(
    message,
    fc.integer({ min: 0, max: 7_258_118_399_999 }),
    fc.constantFrom('text', 'json', 'odd'),
  );
  return holds(
    fc.property(fc.array(event, { maxLength: 20 }), (events) => {
      const laid = events.map(([one, timeMs, form]) =>
        form === 'text' ? asText(one, timeMs) : asJson(one, timeMs, form === 'odd'),
      );
      assert.deepEqual(byKernel(laid), plainly(events.map(([one, timeMs]) => [one, timeMs])));
    }),
    1_000,
  );
});

test('an escaped message that the scratch has no room for is not hashed; one that fills it is', () => {
  const message = (bytes: number) => asJson(`"${'x'.repeat(bytes - 1)}`, T, false);
  assert.deepEqual(byKernel([message(SCRATCH_BYTES)]), plainly([[`"${'x'.repeat(SCRATCH_BYTES - 1)}`, T]]));
  for (const beyond of [1, 2, 17, 3_000]) assert.equal(byKernel([message(SCRATCH_BYTES + beyond)]), undefined);
});

test('what lies behind a message changes nothing', () => {
  for (const length of [1, 15, 17, 31, 33, 250, 511, 513]) {
    using laid = layMessages(kernel, [asText('x'.repeat(length))], 16);
    const before = laid.digest();
    kernel.bytes.fill(0xff, laid.text + length, laid.text + length + 16);
    assert.deepEqual(laid.digest(), before);
  }
});

/** Hashes of one message each, which `change` alters from one to the next. */
function hashesOf(count: number, first: Uint8Array, change: (message: Buffer, at: number) => number): BigUint64Array[] {
  using laid = layMessages(kernel, [asText(first)], 16);
  const message = kernel.bytes.subarray(laid.text, laid.text + first.length);
  const [lo, hi] = [new BigUint64Array(count), new BigUint64Array(count)];
  for (let at = 0; at < count; at++) {
    kernel.doubles[laid.times / 8] = change(message, at);
    const digest = laid.digest()?.digest ?? NO_DIGEST;
    lo[at] = digest.lo;
    hi[at] = digest.hi;
  }
  return [lo, hi];
}

/** Pairs of neighbours that are the same, once sorted: with three alike it counts two. */
function repeated(sorted: BigUint64Array | Uint32Array): number {
  let pairs = 0;
  for (let at = 1; at < sorted.length; at++) if (sorted[at] === sorted[at - 1]) pairs++;
  return pairs;
}

/** Lines of a program in a loop: they differ in a counter only. */
const COUNTED = Buffer.from(
  '{"level":"info","request":0000000000,"took_ms":12,"path":"/v1/orders"} '.repeat(4).slice(0, 250),
);
const DIGITS_FROM = 26;
const countUp = (message: Buffer, at: number) => {
  message.write(String(at).padStart(10, '0'), DIGITS_FROM, 'latin1');
  return T;
};

test('lines that differ in a counter, or in their time only, have different hashes, which are spread as by chance', () => {
  const count = 500_000;
  for (const lanes of [hashesOf(count, COUNTED, countUp), hashesOf(count, COUNTED, (_, at) => T + at)]) {
    for (const lane of lanes) {
      assert.equal(repeated(lane.toSorted()), 0);
      // Half a million numbers of 32 bits: by chance 29 pairs are alike, with a deviation of 5.4.
      for (const shift of [0n, 16n, 32n]) {
        const part = Uint32Array.from(lane, (hash) => Number((hash >> shift) & 0xffffffffn)).sort();
        const pairs = repeated(part);
        assert.ok(pairs > 2 && pairs < 70, `${pairs} pairs of bits from ${shift} on`);
      }
    }
  }
});

test('a flipped bit of message or time changes half of the bits of either lane', () => {
  const ones = (x: bigint) => x.toString(2).replaceAll('0', '').length;
  for (const length of [1, 8, 40, 250, 700]) {
    const bits = length * 8;
    // One flip after the other, each taken back by the next; then powers of two for the time.
    const flip = (message: Buffer, bit: number) => {
      message[bit >> 3] = (message[bit >> 3] as number) ^ (1 << (bit & 7));
    };
    const [lo = [], hi = []] = hashesOf(1 + bits + 41, Buffer.alloc(length, COUNTED), (message, at) => {
      if (at >= 2 && at <= bits + 1) flip(message, at - 2);
      if (at >= 1 && at <= bits) flip(message, at - 1);
      return at > bits ? T + 2 ** (at - bits - 1) : T;
    });
    for (const lane of [lo, hi]) {
      const changed = Array.from(lane.slice(1), (hash) => ones(hash ^ (lane[0] as bigint)));
      // Of 64 fair bits fewer than 8 or more than 56 change once in 10^10 times.
      for (const [at, count] of changed.entries())
        assert.ok(count >= 8 && count <= 56, `bit ${at} of ${length} bytes changes ${count}`);
      const mean = changed.reduce((sum, count) => sum + count, 0) / changed.length;
      assert.ok(Math.abs(mean - 32) < 6 * (4 / Math.sqrt(changed.length)), `${mean} bits on average`);
    }
  }
});

test('zero bytes, lengths, and blocks that changed places all count', () => {
  const seen = new Set<string>();
  let expected = 0;
  const note = (message: Uint8Array) => {
    const found = byKernel([asText(message)]);
    seen.add(`${found?.digest.lo}`).add(`${found?.digest.hi}`);
    expected += 2;
  };
  for (let length = 0; length < 1_600; length++) note(Buffer.alloc(length));
  for (let length = 1; length < 1_600; length++) note(Buffer.alloc(length, 0xff));
  const pieces = Array.from({ length: 64 }, (_, at) => Buffer.alloc(32, at + 1));
  // 1,984 pairs of 32 bytes within four blocks, and those of whole blocks among them.
  for (let a = 0; a < 64; a++) {
    for (let b = 0; b < a; b++)
      note(Buffer.concat(pieces.map((piece, at) => pieces[at === a ? b : at === b ? a : at] ?? piece)));
  }
  for (const order of [
    [0, 1, 2, 3],
    [1, 0, 2, 3],
    [0, 2, 1, 3],
    [3, 1, 2, 0],
  ]) {
    note(Buffer.concat(order.flatMap((block) => pieces.slice(block * 16, block * 16 + 16))));
  }
  // Words, halves of a stripe.
  const words = Array.from({ length: 8 }, (_, at) => Buffer.alloc(4, `${at}`));
  for (let a = 0; a < 8; a++) {
    for (let b = 0; b < a; b++)
      note(Buffer.concat(words.map((word, at) => words[at === a ? b : at === b ? a : at] ?? word)));
  }
  assert.equal(seen.size, expected);
});
