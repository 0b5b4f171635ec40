import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import { decodeThrift, serializeThrift } from 'parquetjs-lite/lib/util.js';
import { takeRecords } from '../../../local/workload/object.ts';
import { encodeParquet } from '../../../local/workload/parquet.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { keyOf } from '../../support/tenant.ts';
import type { HugeObject, HugeObjectOptions } from './huge-object.ts';

/** Of messages in what is repeated: some seventy pages in the message column. */
const ROUND_MESSAGE_BYTES = 16_000_000;
const MAGIC = Buffer.from('PAR1');

/**
 * A Parquet file with one row group of any size, in the memory of a small one: pages stand by themselves, so a column
 * whose pages come several times is a longer column. Only the footer has to say so.
 */
export async function createParquetObject(options: HugeObjectOptions): Promise<HugeObject> {
  const { seed, tenantId, bytes: groupBytes, nowMs } = options;
  const source = createRecordSource({ seed, tenantId, clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, ROUND_MESSAGE_BYTES, nowMs - 3_600_000, nowMs);
  const file = await encodeParquet(records);
  const footerStart = file.length - 8 - file.readUInt32LE(file.length - 8);
  const metadata = new thrift.FileMetaData();
  decodeThrift(metadata, file.subarray(footerStart, file.length - 8));
  const [group] = metadata.row_groups;
  if (!group) throw new Error('the file has no row group');
  const rounds = Math.ceil(groupBytes / Number(group.total_byte_size));
  const pieces: Buffer[] = [MAGIC];
  let offset = MAGIC.length;
  for (const chunk of group.columns) {
    const { meta_data: column } = chunk;
    // Of the small file's pages; nobody needs one.
    chunk.column_index_offset = chunk.column_index_length = null;
    chunk.offset_index_offset = chunk.offset_index_length = null;
    const start = Number(column.data_page_offset);
    const size = Number(column.total_compressed_size);
    for (let round = 0; round < rounds; round++) pieces.push(file.subarray(start, start + size));
    column.data_page_offset = offset;
    column.num_values = Number(column.num_values) * rounds;
    column.total_compressed_size = size * rounds;
    column.total_uncompressed_size = Number(column.total_uncompressed_size) * rounds;
    chunk.file_offset = offset;
    offset += size * rounds;
  }
  group.num_rows = Number(group.num_rows) * rounds;
  group.total_byte_size = Number(group.total_byte_size) * rounds;
  metadata.num_rows = group.num_rows;
  const footer = serializeThrift(metadata);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return {
    key: keyOf(tenantId, 'huge.parquet'),
    pieces: [...pieces, footer, length, MAGIC],
    records,
    rounds,
  };
}
