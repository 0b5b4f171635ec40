import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { snappyCompress } from 'hysnappy';
import { DistributorError } from '../../../service/base/errors.ts';
import { createAllocator, type Loan } from '../../../service/kernel/allocator.ts';
import { SNAPPY_BAD_COPY } from '../../../service/kernel/layout.ts';
import { createTestKernel } from '../../support/kernel.ts';
import { holds } from '../../support/property.ts';

const kernel = createTestKernel();
const assembly = new URL('../../../service/kernel/assembly/', import.meta.url);
const asc = fileURLToPath(new URL('node_modules/assemblyscript/bin/asc.js', assembly));
const skip = existsSync(asc) ? false : 'the compiler of the kernel is not installed (npm run kernel installs it)';

test('the committed kernel is what its source builds', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  t.after(() => rm(folder, { recursive: true }));
  const built = join(folder, 'kernel.wasm');
  await promisify(execFile)(process.execPath, [asc, 'index.ts', '--config', 'asconfig.json', '--outFile', built], {
    cwd: fileURLToPath(assembly),
  });
  assert.ok((await readFile(built)).equals(await readFile(new URL('../kernel.wasm', assembly))));
});

suite('the allocator', () => {
  test('lends stretches that do not overlap, and lends again what came back', () => {
    const allocator = createAllocator(65_536, 65_536 + 1_000_000);
    const sizes = [1, 4_096, 4_097, 100_000, 5];
    const loans = sizes.map((bytes) => allocator.lend(bytes));
    const lent = loans.map(({ at }, i) => ({ at, bytes: sizes[i] ?? 0 }));
    for (const [i, a] of lent.entries()) {
      assert.equal(a.at % 16, 0);
      for (const b of lent.slice(i + 1)) assert.ok(a.at + a.bytes <= b.at || b.at + b.bytes <= a.at);
    }
    const fourth = loans[3] as Loan;
    const { at } = fourth;
    fourth[Symbol.dispose]();
    assert.equal(allocator.lend(90_000).at, at);
    assert.equal(allocator.lent, 4_096 * 3 + 8_192 + 131_072);
  });

  test('says so when the memory is used up', () => {
    const allocator = createAllocator(0, 20_000);
    allocator.lend(9_000);
    assert.throws(() => allocator.lend(9_000), /no 16384 bytes left/);
  });

  test('crashes when a loan is given back twice, or used afterwards, also where somebody else has the memory by then', () => {
    const allocator = createAllocator(0, 20_000);
    const first = allocator.lend(9_000);
    first[Symbol.dispose]();
    using second = allocator.lend(9_000);
    assert.throws(() => first[Symbol.dispose](), { code: 'invariant-broken', disposition: 'crash' });
    assert.throws(() => first.at, { code: 'invariant-broken', disposition: 'crash' });
    assert.equal(second.at, 0);
    assert.equal(allocator.lent, 16_384);
  });

  test('has as much to lend after any number of sizes as before, in pieces as large', () => {
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ bytes: fc.integer({ min: 1, max: 300_000 }) }) },
      { weight: 1, arbitrary: fc.record({ release: fc.nat() }) },
    );
    return holds(
      fc.property(fc.array(step, { size: 'max', maxLength: 80 }), (steps) => {
        const [from, end] = [65_536, 4 * 1024 * 1024];
        const allocator = createAllocator(from, end);
        const lent: { at: number; end: number; loan: Loan }[] = [];
        for (const one of steps) {
          if ('release' in one) {
            const [given] = lent.splice(one.release % Math.max(1, lent.length), 1);
            given?.loan[Symbol.dispose]();
            continue;
          }
          try {
            const loan = allocator.lend(one.bytes);
            const { at } = loan;
            assert.ok(at >= from && at + one.bytes <= end);
            for (const other of lent) assert.ok(at + one.bytes <= other.at || other.end <= at, 'lent twice');
            lent.push({ at, end: at + one.bytes, loan });
          } catch (error) {
            assert.ok(error instanceof DistributorError && error.disposition === 'retry');
          }
        }
        for (const { loan } of lent) loan[Symbol.dispose]();
        assert.equal(allocator.lent, 0);
        assert.equal(allocator.lend(2 * 1024 * 1024).at, 2 * 1024 * 1024);
      }),
    );
  });
});

suite('the values of a page', () => {
  const value = fc.uint8Array({ maxLength: 40 });

  /** Scans a page between guards. @returns undefined when it is refused */
  const scan = (page: Uint8Array, count: number) => {
    const { bytes, words, calls, memory } = kernel;
    using beforeLoan = memory.lend(page.length + 8);
    const { at: before } = beforeLoan;
    using placesLoan = memory.lend(count * 8 + 8);
    const { at: places } = placesLoan;
    const source = before + 4;
    bytes.fill(0xab, before, before + page.length + 8);
    bytes.set(page, source);
    const result = calls.scanByteArrays({
      source,
      sourceBytes: page.length,
      count,
      base: source - 100,
      starts: places,
      lengths: places + count * 4,
    });
    for (const at of [before, source + page.length])
      assert.deepEqual([...bytes.subarray(at, at + 4)], [171, 171, 171, 171]);
    const at = (from: number) => Array.from(words.subarray(from / 4, from / 4 + count));
    const found = {
      page: Buffer.from(bytes.subarray(source, source + page.length)),
      starts: at(places),
      lengths: at(places + count * 4),
    };
    return result < 0 ? undefined : { ...found, used: result };
  };
  const pageOf = (values: readonly Uint8Array[]) =>
    Buffer.concat(values.flatMap((bytes) => [Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]));

  test('are found, with spaces in place of their lengths', () =>
    holds(
      fc.property(fc.array(value), fc.uint8Array({ maxLength: 3 }), (values, rest) => {
        const found = scan(Buffer.concat([pageOf(values), rest]), values.length);
        let at = 0;
        const starts = values.map((bytes) => {
          at += 4 + bytes.length;
          return at - bytes.length + 100;
        });
        assert.deepEqual(found?.starts, starts);
        assert.deepEqual(
          found?.lengths,
          values.map(({ length }) => length),
        );
        assert.equal(found?.used, at);
        const spaced = values.flatMap((bytes) => [Buffer.from('    '), bytes]);
        assert.deepEqual(found?.page, Buffer.concat([...spaced, rest]));
      }),
    ));

  test('that reach beyond it are refused, and nothing outside is written', () =>
    holds(
      fc.property(fc.array(value, { minLength: 1 }), fc.nat(), fc.nat(0xffffffff), (values, which, wrong) => {
        const page = pageOf(values);
        assert.equal(scan(page.subarray(0, page.length - 1), values.length), undefined);
        assert.equal(scan(page, values.length + 1), undefined);
        const at = pageOf(values.slice(0, which % values.length)).length;
        page.writeUInt32LE(page.length - at - 3 + (wrong % (0xffffffff - page.length)), at);
        assert.equal(scan(page, values.length), undefined);
      }),
    ));
});

type Element = Uint8Array | { readonly kind: number; readonly length: number; readonly back: number };

/**
 * Snappy's format by hand, with elements that no compressor writes.
 * @param broken number of a copy that is from nowhere: what it is about to write itself, or what lies before the beginning
 */
function compose(elements: readonly Element[], broken: number | undefined) {
  const packed: number[] = [];
  const output: number[] = [];
  let valid = true;
  for (const [number, element] of elements.entries()) {
    if (element instanceof Uint8Array) {
      const size = element.length - 1;
      packed.push(...(size < 60 ? [size << 2] : [60 << 2, size]), ...element);
      output.push(...element);
      continue;
    }
    const kind = element.kind;
    const length = kind === 1 ? 4 + (element.length % 8) : element.length;
    let offset = 1 + (element.back % Math.min(output.length, kind === 1 ? 2_047 : 65_535));
    if (output.length === 0) continue;
    if (number === broken) {
      offset = element.back % 2 === 0 || output.length >= 2_047 ? 0 : output.length + 1;
      valid = false;
    }
    if (kind === 1) packed.push(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff);
    else packed.push(((length - 1) << 2) | kind, offset & 0xff, offset >> 8, ...(kind === 3 ? [0, 0] : []));
    for (let at = 0; at < length; at++) output.push(output[output.length - offset] ?? 0);
  }
  const length = output.length;
  const prefix = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return { compressed: Uint8Array.from([...prefix, ...packed]), original: Buffer.from(output), valid };
}

suite('Snappy', () => {
  const decompress = (input: Uint8Array, length: number): Buffer | number => {
    const { bytes, calls, memory } = kernel;
    using sourceLoan = memory.lend(input.length + 16);
    const { at: source } = sourceLoan;
    using beforeLoan = memory.lend(length + 48);
    const { at: before } = beforeLoan;
    const target = before + 16;
    const behind = target + length + 16;
    bytes.set(input, source);
    bytes.fill(0xab, before, target);
    bytes.fill(0xab, behind, behind + 16);
    const result = calls.snappyDecompress(source, input.length, target, length);
    const output = Buffer.from(bytes.subarray(target, target + length));
    for (const guard of [bytes.subarray(before, target), bytes.subarray(behind, behind + 16)]) {
      assert.ok(
        guard.every((byte) => byte === 0xab),
        'something outside was written',
      );
    }
    return result === 0 ? output : result;
  };
  /** Text with repetitions near and far, of every length. */
  const text = fc
    .array(fc.tuple(fc.string({ maxLength: 90 }), fc.integer({ min: 1, max: 40 })), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.map(([part, times]) => part.repeat(times)).join('')));

  test('comes out as it went in', () => {
    void holds(
      fc.property(text, (original) => {
        assert.deepEqual(decompress(snappyCompress(original), original.length), original);
      }),
    );
  });

  test('of every kind of element is understood, and a copy from nowhere refused', () => {
    const element = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 70, size: 'max' }),
      fc.record({ kind: fc.constantFrom(1, 2, 3), length: fc.integer({ min: 1, max: 64 }), back: fc.nat(4_000) }),
    );
    const elements = fc.array(element, { minLength: 1, maxLength: 100, size: 'max' });
    void holds(
      fc.property(elements, fc.option(fc.nat(60), { nil: undefined }), (elements, broken) => {
        const { compressed, original, valid } = compose(elements, broken);
        const result = decompress(compressed, original.length);
        if (valid) assert.deepEqual(result, original);
        else assert.equal(result, SNAPPY_BAD_COPY);
      }),
    );
  });

  test('of a length beyond the memory is refused before anything is written', () => {
    const { bytes, calls, memory } = kernel;
    // 2 ** 32 - 50, as Snappy writes it, and a literal of 1,000.
    const input = Buffer.concat([
      Buffer.from([0xce, 0xff, 0xff, 0xff, 0x0f, 61 << 2, 999 & 0xff, 999 >> 8]),
      Buffer.alloc(1_000, 'x'),
    ]);
    using sourceLoan = memory.lend(input.length);
    const { at: source } = sourceLoan;
    using targetLoan = memory.lend(2_000);
    const { at: target } = targetLoan;
    bytes.set(input, source);
    bytes.fill(0xab, target, target + 2_000);
    assert.ok(calls.snappyDecompress(source, input.length, target, 2 ** 32 - 50) < 0);
    assert.ok(bytes.subarray(target, target + 2_000).every((byte) => byte === 0xab));
  });

  test('that is cut off, mutated or of another length is refused, and nothing outside is written', () => {
    const original = Buffer.from('the quick brown fox '.repeat(500));
    const compressed = snappyCompress(original);
    assert.ok(Number(decompress(compressed, original.length - 1)) < 0);
    assert.ok(Number(decompress(compressed, original.length + 1)) < 0);
    for (let length = 0; length < compressed.length; length += 7) {
      assert.ok(Number(decompress(compressed.subarray(0, length), original.length)) < 0, `cut at ${length}`);
    }
    const { bytes, calls, memory } = kernel;
    using sourceLoan = memory.lend(compressed.length + 16);
    const { at: source } = sourceLoan;
    using targetLoan = memory.lend(original.length + 32);
    const { at: target } = targetLoan;
    const behind = target + original.length + 16;
    void holds(
      fc.property(fc.nat(compressed.length - 1), fc.nat(255), (at, value) => {
        bytes.set(compressed, source);
        bytes[source + at] = value;
        bytes.fill(0xab, behind, behind + 16);
        calls.snappyDecompress(source, compressed.length, target, original.length);
        assert.ok(bytes.subarray(behind, behind + 16).every((byte) => byte === 0xab));
      }),
    );
  });
});
