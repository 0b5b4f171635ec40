import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { crc32c } from '../../../../service/object/container/crc32c.ts';
import { type UnwrapOptions, unwrap } from '../../../../service/object/container/unwrap.ts';
import type { Wrapping } from '../../../../service/object/container/wrappings.ts';
import { kernel } from '../../../support/decode.ts';
import { holds } from '../../../support/property.ts';
import { big, DIRECTORY, FRAMED, frame, JAVA, little, snappy, zipped } from '../../../support/wrap.ts';

const GOLDEN = new URL('../../../golden/text/', import.meta.url);
const MIB = 1024 * 1024;

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

/** All that is within, from pieces of a size. */
async function unwrapAll(
  bytes: Uint8Array,
  wrappings: readonly Wrapping[],
  pieceBytes = 1_000,
  options: Partial<UnwrapOptions> = {},
): Promise<Buffer> {
  const whole: Buffer[] = [];
  const all = { sizeBytes: bytes.length, ratioMax: 400, ...options };
  for await (const piece of unwrap(kernel, inPieces(bytes, pieceBytes), wrappings, all)) whole.push(Buffer.from(piece));
  assert.equal(kernel.memory.lent, 0, 'nothing of the kernel is kept');
  return Buffer.concat(whole);
}

const BLOCK = snappy(Buffer.from('some text'));

test('CRC-32C of the bytes that its definition gives as an example', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa);
});

suite('what was wrapped comes out as it was', () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 3_000, size: 'max' }),
    fc
      .string({ unit: fc.constantFrom('a', 'bc', '\n', '0123456789'), maxLength: 3_000, size: 'max' })
      .map((text) => Buffer.from(text)),
  );
  const WRAP: Readonly<Partial<Record<Wrapping, (bytes: Uint8Array) => Buffer>>> = {
    gzip: gzipSync,
    zstd: zstdCompressSync,
    zlib: deflateSync,
    'snappy-framed': (bytes) => Buffer.concat([FRAMED, frame(0, snappy(bytes), bytes), frame(1, bytes)]),
    'snappy-java': (bytes) => Buffer.concat([JAVA, big(snappy(bytes).length), snappy(bytes)]),
    'snappy-hadoop': (bytes) => Buffer.concat([big(bytes.length, snappy(bytes).length), snappy(bytes)]),
    snappy,
  };
  for (const [wrapping, wrap] of Object.entries(WRAP)) {
    test(`of ${wrapping}, in pieces of any size`, () =>
      holds(
        fc.asyncProperty(data, fc.constantFrom(1, 7, 10_000), async (bytes, pieceBytes) => {
          if (bytes.length === 0) return;
          const expected = wrapping === 'snappy-framed' ? Buffer.concat([bytes, bytes]) : Buffer.from(bytes);
          const found = await unwrapAll(wrap(bytes), [wrapping as Wrapping], pieceBytes);
          assert.ok(found.equals(expected));
        }),
        100,
      ));
  }

  test('of raw Snappy that is far larger than what is remembered of it', async () => {
    const text = Buffer.from(Array.from({ length: 300_000 }, (_, at) => `line ${at % 1_000} of ${at}\n`).join(''));
    for (const pieceBytes of [997, 50_000, MIB]) {
      assert.ok((await unwrapAll(snappy(text), ['snappy'], pieceBytes, { pieceBytes: 16 * 1024 })).equals(text));
    }
  });

  test('of UTF-16, whose characters may lie across two pieces', async () => {
    const text = 'a\r\né日🚚\n';
    for (const pieceBytes of [1, 3, 1_000]) {
      const le = Buffer.from(`\ufeff${text}`, 'utf16le');
      assert.equal((await unwrapAll(le, ['utf-16le'], pieceBytes)).toString(), text);
      assert.equal((await unwrapAll(Buffer.from(le).swap16(), ['utf-16be'], pieceBytes)).toString(), text);
    }
    const half = Buffer.concat([Buffer.from('\ufeffa\ud83d', 'utf16le'), Buffer.from('x')]);
    assert.equal((await unwrapAll(half, ['utf-16le'])).toString(), 'a\ufffd');
  });
});

const CORRUPT: Readonly<Record<string, readonly [Wrapping, Buffer]>> = {
  'gzip with something else than zeros behind it': [
    'gzip',
    Buffer.concat([gzipSync('a'), Buffer.alloc(5_000), Buffer.from('x')]),
  ],
  'zstd with something else than zeros behind it': [
    'zstd',
    Buffer.concat([zstdCompressSync('a'), Buffer.from('rubbish')]),
  ],
  'zlib with something behind it': ['zlib', Buffer.concat([deflateSync('a'), Buffer.from('x')])],
  'a Snappy frame with another checksum': [
    'snappy-framed',
    Buffer.concat([FRAMED, frame(0, BLOCK, Buffer.from('some text'), 1)]),
  ],
  'a plain Snappy frame with another checksum': [
    'snappy-framed',
    Buffer.concat([FRAMED, frame(1, Buffer.from('a'), Buffer.from('b'))]),
  ],
  'a Snappy frame of a reserved type': ['snappy-framed', Buffer.concat([FRAMED, frame(2, BLOCK)])],
  'a Snappy frame without a checksum': ['snappy-framed', Buffer.concat([FRAMED, Buffer.from('01020000abcd', 'hex')])],
  'a Snappy frame that is too long': [
    'snappy-framed',
    Buffer.concat([FRAMED, Buffer.from('00ffffff', 'hex'), Buffer.alloc(100)]),
  ],
  'a broken Snappy frame': ['snappy-framed', Buffer.concat([FRAMED, frame(0, BLOCK.subarray(0, -1))])],
  'Snappy frames that are announced otherwise': ['snappy-framed', Buffer.from('ff060000734e61507058', 'hex')],
  'a Snappy frame to be skipped that ends too early': [
    'snappy-framed',
    Buffer.concat([FRAMED, Buffer.from('fe050000ab', 'hex')]),
  ],
  'a part that is longer than its block': ['snappy-hadoop', Buffer.concat([big(5, BLOCK.length), BLOCK])],
  'a part without bytes': ['snappy-hadoop', Buffer.concat([big(9, 1), Buffer.from([0])])],
  'a block that ends too early': ['snappy-hadoop', Buffer.concat([big(18, BLOCK.length), BLOCK])],
  'a block without a length': ['snappy-java', Buffer.concat([JAVA, big(0)])],
  'a header that is cut off': ['snappy-java', JAVA.subarray(0, 12)],
  'Snappy with something behind it': ['snappy', Buffer.concat([BLOCK, Buffer.from([0, 0])])],
  'Snappy that is longer than it announces': ['snappy', Buffer.concat([Buffer.from([3]), BLOCK.subarray(1)])],
  'Snappy that copies more than it announces': ['snappy', Buffer.from([5, 0, 0x61, (60 << 2) | 2, 1, 0])],
  'Snappy that refers to what was never there': ['snappy', Buffer.from([9, 0, 0x61, 1, 2])],
  'Snappy that refers to nothing': ['snappy', Buffer.from([9, 0, 0x61, 1, 0])],
  'Snappy without a length': ['snappy', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0])],
  'a file of ZIP with another checksum': ['zip', Buffer.concat([zipped('a', { crc: 1 }), DIRECTORY])],
  'a file of ZIP of another size': ['zip', Buffer.concat([zipped('a', { bytes: 2 }), DIRECTORY])],
  'a file of ZIP with another checksum behind it': [
    'zip',
    Buffer.concat([zipped('a', { flags: 8 }), little(0x08074b50, 1, 3, 1), DIRECTORY]),
  ],
  'something else between files of ZIP': [
    'zip',
    Buffer.concat([zipped('a'), Buffer.from('text'), zipped('b'), DIRECTORY]),
  ],
  'a ZIP archive without a directory': ['zip', zipped('a')],
};
for (const [what, [wrapping, bytes]] of Object.entries(CORRUPT)) {
  test(`${what} is corrupt`, async () => {
    for (const pieceBytes of [1, 1_000])
      await assert.rejects(unwrapAll(bytes, [wrapping], pieceBytes), { code: 'object-corrupt' });
  });
}

const LARGE = snappy(Buffer.alloc(600_000));
const UNSUPPORTED: Readonly<Record<string, readonly [Wrapping, Buffer, RegExp]>> = {
  'a block of Snappy that is too large': [
    'snappy-java',
    Buffer.concat([JAVA, big(LARGE.length), LARGE]),
    /600000 bytes/,
  ],
  'a part of Hadoop that would be too large': ['snappy-hadoop', big(1e9, 1e9), /1000000000 bytes/],
  'an encrypted file of ZIP': ['zip', zipped('a', { flags: 1 }), /encrypted/],
  'a file of ZIP in zstd': ['zip', zipped('a', { method: 93 }), /zstd/],
  'a file of ZIP in something unknown': ['zip', zipped('a', { method: 77 }), /method 77/],
  'a streamed file of ZIP without compression': ['zip', zipped('a', { method: 0, flags: 8 }), /streamed/],
};
for (const [what, [wrapping, bytes, says]] of Object.entries(UNSUPPORTED)) {
  test(`${what} is refused by name`, async () => {
    await assert.rejects(unwrapAll(bytes, [wrapping]), { code: 'object-unsupported', message: says });
  });
}

suite('what is cut off', () => {
  for (const [name, wrappings, ends] of [
    ['twice.json.gz', ['gzip', 'gzip'], 0],
    ['gzip-in-zstd.zst', ['zstd', 'gzip'], 0],
    ['zlib.bin', ['zlib'], 0],
    ['raw.snappy', ['snappy'], 0],
    // Behind the last file stands a directory, of which only the beginning is looked at.
    ['streamed.zip', ['zip'], 22 + 46 + 'a.json'.length - 4],
    ['streamed-zip64.zip', ['zip'], 22 + 46 + 'a.json'.length - 4],
  ] as const) {
    test(`of ${name} is corrupt, wherever it is`, async () => {
      const bytes = await readFile(new URL(name, GOLDEN));
      for (let length = 1; length < bytes.length - ends; length++) {
        await assert.rejects(
          unwrapAll(bytes.subarray(0, length), wrappings),
          { code: 'object-corrupt' },
          String(length),
        );
      }
    });
  }
});

suite('what grows without measure is given up', () => {
  const bytes = gzipSync(Buffer.alloc(200 * MIB));
  for (const [what, body, wrappings] of [
    ['at once', bytes, ['gzip']],
    ['in two steps', gzipSync(bytes), ['gzip', 'gzip']],
    ['in a ZIP archive', Buffer.concat([zipped('\0'.repeat(200 * MIB)), DIRECTORY]), ['zip']],
    ['in raw Snappy', snappy(Buffer.alloc(200 * MIB)), ['snappy']],
  ] as const) {
    test(what, async () => {
      let inflated = 0;
      const ratioMax = wrappings[0] === 'snappy' ? 10 : 400;
      const options = { sizeBytes: body.length, ratioMax };
      await assert.rejects(
        async () => {
          for await (const piece of unwrap(kernel, inPieces(body, MIB), wrappings, options)) inflated += piece.length;
        },
        { code: 'object-corrupt', message: new RegExp(`more than ${ratioMax} times`) },
      );
      assert.ok(inflated <= Math.max(64 * MIB, body.length * ratioMax) + MIB, `${inflated} bytes came out`);
    });
  }
});

test('an archive of more files than anybody writes is refused', async () => {
  const empty = zipped('', { method: 0 });
  const many = Buffer.concat([...Array.from({ length: 10_001 }, () => empty), DIRECTORY]);
  await assert.rejects(unwrapAll(many, ['zip'], MIB), { code: 'object-unsupported', message: /more than 10000 files/ });
  assert.equal((await unwrapAll(many.subarray(empty.length), ['zip'], MIB)).length, 0);
});

test('whoever leaves early ends the source, and leaves nothing of the kernel behind', async () => {
  const text = randomBytes(2 * MIB);
  for (const [wrappings, body] of [
    [['gzip', 'gzip'], gzipSync(gzipSync(text))],
    [
      ['snappy-framed'],
      Buffer.concat([FRAMED, ...Array.from({ length: 9 }, () => frame(1, text.subarray(0, 60_000)))]),
    ],
    [['snappy-java'], Buffer.concat([JAVA, ...Array.from({ length: 9 }, () => [big(BLOCK.length), BLOCK]).flat()])],
  ] as const) {
    let open = 0;
    const source = (async function* () {
      open++;
      try {
        yield* inPieces(body, 1_000);
      } finally {
        open--;
      }
    })();
    for await (const piece of unwrap(kernel, source, wrappings, { sizeBytes: body.length, ratioMax: 400 })) {
      assert.ok(piece.length > 0 && open === 1);
      break;
    }
    assert.deepEqual([open, kernel.memory.lent], [0, 0]);
  }
});

test('what the source throws comes through all that is around it', async () => {
  const bytes = gzipSync(gzipSync(randomBytes(100_000)));
  const source = (async function* () {
    yield bytes.subarray(0, 50_000);
    throw new TypeError('the network is down');
  })();
  await assert.rejects(
    async () => {
      for await (const _ of unwrap(kernel, source, ['gzip', 'gzip'], { sizeBytes: bytes.length, ratioMax: 400 }));
    },
    { name: 'TypeError', message: 'the network is down' },
  );
});
