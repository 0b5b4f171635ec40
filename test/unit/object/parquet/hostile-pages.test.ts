import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageHeader } from 'hyparquet';
import { createKernel } from '../../../../service/kernel/kernel.ts';
import { createDecompress } from '../../../../service/object/parquet/decompress.ts';
import { decodePage } from '../../../../service/object/parquet/page.ts';
import { createPageBuffer } from '../../../../service/object/parquet/page-buffer.ts';
import type { Leaf } from '../../../../service/object/parquet/schema.ts';

/** Pages that no writer makes, in a kernel that others use too. */

const MESSAGE = { name: 'message', maxDefinition: 0, maxRepetition: 0, element: { type: 'BYTE_ARRAY' } } as Leaf;
const EVIL = Buffer.alloc(20_000, 'EVIL');

/** Snappy's preamble: the length of what comes out. */
function preamble(length: number): number[] {
  return length < 0x80 ? [length] : [(length % 0x80) | 0x80, ...preamble(Math.floor(length / 0x80))];
}

const literal = (bytes: Buffer) =>
  Buffer.concat([Buffer.from([61 << 2, (bytes.length - 1) & 0xff, (bytes.length - 1) >> 8]), bytes]);

/** Decodes a page while the kernel's memory around it belongs to others. @returns its error */
function decodeAmongOthers(codec: 'SNAPPY' | 'UNCOMPRESSED', header: Partial<PageHeader>, body: Buffer): unknown {
  const kernel = createKernel();
  const { bytes, memory } = kernel;
  using buffer = createPageBuffer(kernel);
  const lent = Array.from({ length: 32 }, () => memory.allocate(4_096));
  // Every other one is theirs; pages find their place between them.
  for (const [at, address] of lent.entries()) if (at % 2 === 1) memory.release(address);
  const others = lent.filter((_, at) => at % 2 === 0);
  for (const address of others) bytes.fill(0x56, address, address + 4_096);
  const before = memory.lent;
  const raw = { offset: 4, header: { compressed_page_size: body.length, ...header } as PageHeader, body };
  let problem: unknown;
  try {
    decodePage(createDecompress(kernel, codec), raw, MESSAGE, undefined, buffer);
  } catch (error) {
    problem = error;
  }
  for (const address of others) {
    assert.ok(
      bytes.subarray(address, address + 4_096).every((byte) => byte === 0x56),
      'memory of others was written to',
    );
  }
  assert.ok(memory.lent - before <= 64 * 1024, `${memory.lent - before} bytes were made room for`);
  return problem;
}

const dataPageV2 = (definitionBytes: number) => ({
  type: 'DATA_PAGE_V2' as const,
  data_page_header_v2: {
    num_values: 1,
    num_nulls: 0,
    num_rows: 1,
    encoding: 'PLAIN' as const,
    definition_levels_byte_length: definitionBytes,
    repetition_levels_byte_length: 0,
    is_compressed: true,
  },
});

const dataPage = (values: number) => ({
  type: 'DATA_PAGE' as const,
  data_page_header: {
    num_values: values,
    encoding: 'PLAIN' as const,
    definition_level_encoding: 'RLE' as const,
    repetition_level_encoding: 'RLE' as const,
  },
});

test('levels that are longer than their page promises to be do not make its length a very large one', () => {
  const levels = Buffer.alloc(100);
  const body = Buffer.concat([levels, Buffer.from(preamble(2 ** 32 - 50)), literal(EVIL)]);
  const header = { ...dataPageV2(levels.length), uncompressed_page_size: 50 };
  assert.match(String(decodeAmongOthers('SNAPPY', header, body)), /a Parquet page of -50 bytes/);
});

test('no room is made for what cannot come out of so few bytes', () => {
  const body = Buffer.concat([Buffer.from(preamble(60 * 1024 * 1024)), literal(Buffer.alloc(300))]);
  const header = { ...dataPage(1), uncompressed_page_size: 60 * 1024 * 1024 };
  assert.match(String(decodeAmongOthers('SNAPPY', header, body)), /bytes of Snappy promise/);
});

test('no room is made for more values than a page has bytes', () => {
  const plain = Buffer.alloc(300);
  const body = Buffer.concat([Buffer.from(preamble(plain.length)), literal(plain)]);
  const header = { ...dataPage(8 * 1024 * 1024), uncompressed_page_size: plain.length };
  assert.match(String(decodeAmongOthers('SNAPPY', header, body)), /reaches beyond its page/);
  const uncompressed = { ...dataPage(8 * 1024 * 1024), uncompressed_page_size: plain.length };
  assert.match(String(decodeAmongOthers('UNCOMPRESSED', uncompressed, plain)), /reaches beyond its page/);
});
