import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Kernel } from '../../service/kernel/kernel.ts';
import { createColumnCursor } from '../../service/object/parquet/column.ts';
import type { ColumnMemory, ParquetFile } from '../../service/object/parquet/column-chunk.ts';
import { readFooter } from '../../service/object/parquet/footer.ts';
import { createRoom } from '../../service/object/parquet/room.ts';
import { type Leaf, type ParquetSchema, readSchema } from '../../service/object/parquet/schema.ts';
import { shareOf } from '../../service/object/parquet/share.ts';
import { createShow } from '../../service/object/parquet/show.ts';
import { memorySource } from '../../service/object/source.ts';
import { createTestKernel } from './kernel.ts';
import { hadoopLz4, lz4Block } from './lz4.ts';

const never = new AbortController().signal;

const FAST_BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** hyparquet-writer's options with every codec that is supported. */
export function writeParquet(options: Parameters<typeof parquetWriteBuffer>[0]): Uint8Array {
  const compressors = {
    GZIP: (bytes: Uint8Array) => gzipSync(bytes),
    ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes),
    BROTLI: (bytes: Uint8Array) => brotliCompressSync(bytes, FAST_BROTLI),
    LZ4_RAW: lz4Block,
    LZ4: (bytes: Uint8Array) => hadoopLz4(bytes),
  };
  return new Uint8Array(parquetWriteBuffer({ compressors, ...options }));
}

/** A file as its columns are read from. */
export interface OpenedFile {
  readonly kernel: Kernel;
  readonly file: ParquetFile;
  readonly schema: ParquetSchema;
}

export async function openFile(bytes: Uint8Array, kernel = createTestKernel()): Promise<OpenedFile> {
  const source = memorySource('x.parquet', bytes);
  const metadata = await readFooter(source, never);
  const groupRows = [0];
  for (const { rows } of metadata.rowGroups) groupRows.push((groupRows.at(-1) ?? 0) + rows);
  return { kernel, file: { kernel, source, metadata, groupRows }, schema: readSchema(metadata.elements) };
}

/** What a column of a file of its own may take. */
export function memoryOf(most: Partial<ColumnMemory> = {}, columns = 1): ColumnMemory {
  return { room: createRoom({ grantedBytes: 2 ** 30, mostBytes: 2 ** 30 }), ...shareOf(columns), ...most };
}

/** All that a column says: levels and values of each entry, and the pages or slices that they came in. */
export async function readColumn({ file }: OpenedFile, leaf: Leaf, memory: ColumnMemory) {
  using cursor = createColumnCursor(file, leaf, undefined, memory, never);
  const showOf = createShow(leaf);
  const entries: (readonly [definition: number, repetition: number, value: string | null])[] = [];
  const spans: number[] = [];
  for (let span = await cursor.load(); span; span = await cursor.load()) {
    const { page, entry } = span;
    const { values } = page;
    const show = showOf(values.kind === 'indices' ? values.dictionary : values);
    let next = span.value;
    for (let at = entry; at < page.entries; at++) {
      const definition = page.definition?.[at] ?? leaf.maxDefinition;
      const value = definition === leaf.maxDefinition ? next++ : undefined;
      const place = value !== undefined && values.kind === 'indices' ? values.indices[value] : value;
      entries.push([definition, page.repetition?.[at] ?? 0, place === undefined ? null : show(place)]);
    }
    spans.push(page.entries);
    cursor.consume(page.entries - entry);
  }
  return { entries, spans };
}
