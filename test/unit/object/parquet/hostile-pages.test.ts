import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Kernel } from '../../../../service/kernel/kernel.ts';
import type { PageBody } from '../../../../service/object/parquet/byte-run.ts';
import { createDecompress } from '../../../../service/object/parquet/codecs.ts';
import { decodePage } from '../../../../service/object/parquet/page.ts';
import { createPageBuffer, type PageBuffer } from '../../../../service/object/parquet/page-buffer.ts';
import type { PageHeader } from '../../../../service/object/parquet/page-header.ts';
import { openSlices } from '../../../../service/object/parquet/page-slices.ts';
import { createRoom } from '../../../../service/object/parquet/room.ts';
import type { Leaf } from '../../../../service/object/parquet/schema.ts';
import { createTestKernel } from '../../../support/kernel.ts';

/** Pages that no writer makes, in a kernel that others use too. */

const MESSAGE: Leaf = {
  name: 'message',
  index: 0,
  type: 'BYTE_ARRAY',
  width: undefined,
  logical: undefined,
  maxDefinition: 0,
  maxRepetition: 0,
};
const EVIL = Buffer.alloc(20_000, 'EVIL');
const PAGE: PageHeader = {
  kind: 'data',
  compressedBytes: 0,
  uncompressedBytes: 0,
  crc: undefined,
  entries: 1,
  encoding: 0,
  definitionEncoding: 3,
  repetitionEncoding: 3,
  definitionBytes: 0,
  repetitionBytes: 0,
  isCompressed: true,
};

/** Snappy's preamble: the length of what comes out. */
function preamble(length: number): number[] {
  return length < 0x80 ? [length] : [(length % 0x80) | 0x80, ...preamble(Math.floor(length / 0x80))];
}

const literal = (bytes: Buffer) =>
  Buffer.concat([Buffer.from([61 << 2, (bytes.length - 1) & 0xff, (bytes.length - 1) >> 8]), bytes]);

type TestCodec = 'SNAPPY' | 'UNCOMPRESSED' | 'LZ4_RAW';
type Decode = (kernel: Kernel, codec: TestCodec, header: PageHeader, body: Buffer, buffer: PageBuffer) => Promise<void>;

const atOnce: Decode = async (kernel, codec, header, body, buffer) => {
  decodePage(createDecompress(kernel, codec), header, body, MESSAGE, undefined, buffer);
};

const inSlices: Decode = async (kernel, codec, header, body, buffer) => {
  const room = createRoom({ grantedBytes: 0, mostBytes: 0 });
  using slices = await openSlices({ kernel, codec, leaf: MESSAGE, room, buffer }, header, bodyOf(body), undefined);
  while (await slices.next());
};

function bodyOf(bytes: Buffer): PageBody {
  let at = 0;
  return {
    get left() {
      return bytes.length - at;
    },
    peek: async (length) => bytes.subarray(at, at + length),
    peekSome: async () => bytes.subarray(at, at + 1_000),
    skip(length) {
      at += length;
    },
  };
}

/** Decodes a page while the kernel's memory around it belongs to others. @returns its error */
async function decodeAmongOthers(
  decode: Decode,
  codec: TestCodec,
  header: Partial<PageHeader>,
  body: Buffer,
  roomBytes = 64 * 1024,
): Promise<unknown> {
  const kernel = createTestKernel();
  const { bytes, memory } = kernel;
  const loans = Array.from({ length: 32 }, () => memory.lend(4_096));
  const others = loans.filter((_, at) => at % 2 === 0).map(({ at }) => at);
  // Every other one is theirs; pages find their place between them.
  for (const [at, loan] of loans.entries()) if (at % 2 === 1) loan[Symbol.dispose]();
  for (const address of others) bytes.fill(0x56, address, address + 4_096);
  const before = memory.lent;
  let most = before;
  const watched = {
    ...kernel,
    memory: {
      ...memory,
      get lent() {
        return memory.lent;
      },
      lend(size: number) {
        const loan = memory.lend(size);
        most = Math.max(most, memory.lent);
        return loan;
      },
    },
  };
  let problem: unknown;
  {
    using buffer = createPageBuffer(watched);
    try {
      await decode(watched, codec, { ...PAGE, compressedBytes: body.length, ...header }, body, buffer);
    } catch (error) {
      problem = error;
    }
  }
  for (const address of others) {
    assert.ok(
      bytes.subarray(address, address + 4_096).every((byte) => byte === 0x56),
      'memory of others was written to',
    );
  }
  assert.ok(most - before <= roomBytes, `${most - before} bytes were made room for`);
  assert.equal(memory.lent, before, 'what was lent is given back');
  return problem;
}

/** What a window takes in any case. */
const WINDOW_BYTES = 3 * 1024 * 1024;

for (const [how, decode, room] of [
  ['at once', atOnce, 64 * 1024],
  ['in slices', inSlices, WINDOW_BYTES],
] as const) {
  suite(`a page that is read ${how}`, () => {
    const problemOf = (codec: TestCodec, header: Partial<PageHeader>, body: Buffer) =>
      decodeAmongOthers(decode, codec, header, body, room);

    test('and whose levels are longer than it promises to be does not make its length a very large one', async () => {
      const levels = Buffer.alloc(100);
      const body = Buffer.concat([levels, Buffer.from(preamble(2 ** 32 - 50)), literal(EVIL)]);
      const header = { kind: 'data v2', definitionBytes: levels.length, uncompressedBytes: 50 } as const;
      assert.match(String(await problemOf('SNAPPY', header, body)), /a Parquet page of -50 bytes/);
    });

    test('gets no room for what cannot come out of so few bytes', async () => {
      const length = 60 * 1024 * 1024;
      const body = Buffer.concat([Buffer.from(preamble(length)), literal(Buffer.alloc(300))]);
      const problem = await problemOf('SNAPPY', { uncompressedBytes: length }, body);
      assert.match(String(problem), /bytes of Snappy promise|a Parquet page has \d+ bytes instead of/);
    });

    test('gets no room for more values than it has bytes', async () => {
      const plain = Buffer.alloc(300);
      const body = Buffer.concat([Buffer.from(preamble(plain.length)), literal(plain)]);
      const header = { entries: 1024 * 1024, uncompressedBytes: plain.length };
      assert.match(String(await problemOf('SNAPPY', header, body)), /reaches beyond its page/);
      assert.match(String(await problemOf('UNCOMPRESSED', header, plain)), /reaches beyond its page/);
    });

    test('is corrupt where Snappy copies what was not there, or from nowhere', async () => {
      // A literal of four bytes, then a copy of four from five bytes before, and from zero.
      for (const offset of [5, 0]) {
        const body = Buffer.from([...preamble(8), 3 << 2, 0, 0, 0, 0, (3 << 2) | 2, offset, 0]);
        assert.match(String(await problemOf('SNAPPY', { uncompressedBytes: 8 }, body)), /broken|reaches further back/);
      }
    });

    test('is corrupt where LZ4 does so, or ends too soon or too late', async () => {
      for (const [bytes, length] of [
        [[0x40, 0, 0, 0, 0, 5, 0], 8],
        [[0x40, 0, 0, 0, 0, 0, 0], 8],
        [[0x40, 0, 0, 0, 0], 5],
        [[0x40, 0, 0, 0, 0], 3],
        [[0xf0, 255, 255], 800],
        [[0xf0], 15],
      ] as const) {
        const problem = await problemOf('LZ4_RAW', { uncompressedBytes: length }, Buffer.from(bytes));
        assert.ok(
          problem instanceof Error && 'code' in problem && problem.code === 'object-corrupt',
          `${bytes}: ${problem}`,
        );
      }
    });
  });
}
