import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { inflate } from '../../../../service/object/container/inflate.ts';
import { createPieceReader } from '../../../../service/object/container/piece-reader.ts';

const MIB = 1024 * 1024;
/** Compresses to a third, and is several pieces long. */
const TEXT = Buffer.from(randomBytes(3.3 * MIB).toString('hex'));

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
