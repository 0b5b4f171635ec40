import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Compression, inflate } from '../../../../service/object/container/inflate.ts';
import { createPieceReader } from '../../../../service/object/container/piece-reader.ts';

const MIB = 1024 * 1024;
/** Compresses to a third, and is several pieces long. */
const TEXT = Buffer.from(randomBytes(3.3 * MIB).toString('hex'));

const COMPRESS: Readonly<Record<Compression, (text: Buffer) => Buffer>> = {
  gzip: gzipSync,
  zstd: zstdCompressSync,
  zlib: deflateSync,
  deflate: deflateRawSync,
};

async function* inPieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size));
}

for (const [compression, compress] of [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const) {
  for (const size of [1_000, 300_000, 100 * MIB]) {
    test(`${compression} that comes in pieces of ${size} bytes is whole, and leaves no memory behind`, async () => {
      const whole: Buffer[] = [];
      const used: Uint8Array[] = [];
      const bytes = compress(TEXT);
      for await (const piece of inflate(createPieceReader(inPieces(bytes, size)), compression)) {
        // Those before are gone by now; this one is there.
        whole.push(Buffer.from(piece));
        used.push(piece);
      }
      assert.ok(Buffer.concat(whole).equals(TEXT));
      const kept = new Set(used.filter(({ length }) => length > 0).map(({ buffer }) => buffer));
      // What Node has joined from several pieces, as the text came in drops, is left to the garbage collector.
      if (size > 1_000) assert.equal(kept.size, 0);
    });
  }
}

test('what a small stream gives leaves no memory behind', async () => {
  for (const [compression, compress] of Object.entries(COMPRESS)) {
    const given: Uint8Array[] = [];
    const reader = createPieceReader(inPieces(compress(TEXT.subarray(0, 100_000)), MIB));
    for await (const piece of inflate(reader, compression as Compression)) given.push(piece);
    assert.deepEqual(
      given.map(({ length }) => length),
      [0],
      compression,
    );
  }
});

test('what a stream has given before it breaks is not taken away from who holds it', async () => {
  const bytes = gzipSync(TEXT);
  const pieces: Uint8Array[] = [];
  const broken = inflate(createPieceReader(inPieces(bytes.subarray(0, -20), 100 * MIB)), 'gzip');
  await assert.rejects(
    async () => {
      for await (const piece of broken) pieces.push(piece);
    },
    { code: 'object-corrupt' },
  );
  assert.ok((pieces.at(-1)?.length ?? 0) > 0);
});

/** @returns the text, and what the reader is left with */
async function inflateAll(pieces: readonly Buffer[], compression: Compression, pieceBytes?: number) {
  const reader = createPieceReader(
    (async function* () {
      for (const piece of pieces) yield Buffer.from(piece);
    })(),
  );
  const parts: Buffer[] = [];
  for await (const part of inflate(reader, compression, pieceBytes)) parts.push(Buffer.from(part));
  const rest: Buffer[] = [];
  for (let piece = await reader.piece(); piece; piece = await reader.piece()) {
    rest.push(Buffer.from(piece));
    reader.use(piece.length);
  }
  return { text: Buffer.concat(parts), rest: Buffer.concat(rest) };
}

for (const compression of ['gzip', 'zstd', 'zlib', 'deflate'] as const) {
  test(`${compression}: a small stream is the same at once and piece by piece`, async () => {
    // Empty, tiny, as large as a piece, larger than one, and one that a length at the end of the stream would not tell.
    for (const length of [0, 1, 5_000, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 300_000]) {
      const text = TEXT.subarray(0, length);
      const bytes = COMPRESS[compression](text);
      for (const pieces of [[bytes], [bytes.subarray(0, 5), bytes.subarray(5)]]) {
        const { text: found, rest } = await inflateAll(pieces, compression, 16 * 1024);
        assert.ok(found.equals(text), `${length} bytes`);
        assert.equal(rest.length, 0);
      }
    }
  });
}

for (const compression of ['gzip', 'zstd'] as const) {
  test(`${compression}: streams behind one another are read wherever they are cut, and zeros behind them are left`, async () => {
    const [a, b, c] = [TEXT.subarray(0, 900), TEXT.subarray(900, 950), TEXT.subarray(950, 40_000)];
    const compressed = [a, b, c].map(COMPRESS[compression]);
    const whole = Buffer.concat(compressed);
    const zeros = Buffer.alloc(20);
    for (const pieces of [
      compressed,
      [whole],
      [...compressed, zeros],
      [Buffer.concat([whole, zeros])],
      [whole.subarray(0, 3), whole.subarray(3), zeros],
    ]) {
      const { text, rest } = await inflateAll(pieces, compression);
      assert.ok(text.equals(TEXT.subarray(0, 40_000)));
      assert.ok(rest.equals(zeros.subarray(0, rest.length)));
    }
  });
}

test('a small stream that is cut off or broken is corrupt', async () => {
  const bytes = gzipSync(TEXT.subarray(0, 5_000));
  const broken = Buffer.from(bytes);
  broken.writeUInt32LE(7, broken.length - 8);
  for (const pieces of [[], [bytes.subarray(0, -1)], [broken], [bytes, bytes.subarray(0, 9)]]) {
    await assert.rejects(inflateAll(pieces, 'gzip'), { code: 'object-corrupt' });
  }
});
