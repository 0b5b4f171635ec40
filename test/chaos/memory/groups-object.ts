import { parquetWriteBuffer } from 'hyparquet-writer';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import { decodeThrift, serializeThrift } from 'parquetjs-lite/lib/util.js';
import { takeRecords } from '../../../local/workload/object.ts';
import { createRecordSource } from '../../../local/workload/source.ts';
import { keyOf } from '../../support/tenant.ts';
import type { HugeObject, HugeObjectOptions } from './huge-object.ts';

/** Of messages in a row group: DuckDB's default is 122,880 rows, which are one page. */
const GROUP_MESSAGE_BYTES = 80_000_000;
const MAGIC = Buffer.from('PAR1');

/**
 * A Parquet file whose row groups have one page of each column, as DuckDB and fastparquet write them, in the memory of one row group: that
 * comes again and again, and only the footer has to say where.
 * @param encoding of the messages: one page of all of them, or one dictionary
 */
export function createGroupsObject(
  options: HugeObjectOptions & { readonly name: string; readonly encoding: 'PLAIN' | 'RLE_DICTIONARY' },
): HugeObject {
  const { seed, tenantId, bytes: fileBytes, nowMs, name, encoding } = options;
  const source = createRecordSource({ seed, tenantId, clusterId: 'eu-1', environment: 'prod' });
  const records = takeRecords(source, GROUP_MESSAGE_BYTES, nowMs - 3_600_000, nowMs);
  const file = Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'timestamp', data: records.map(({ timestamp }) => new Date(timestamp)), type: 'TIMESTAMP' },
        { name: 'message', data: records.map(({ message }) => message), type: 'STRING', encoding },
        { name: 'customer_tenant', data: records.map((record) => record.customer_tenant), type: 'STRING' },
      ],
      statistics: false,
      pageSize: 2 ** 30,
      rowGroupSize: records.length,
    }),
  );
  const footerStart = file.length - 8 - file.readUInt32LE(file.length - 8);
  const footer = file.subarray(footerStart, file.length - 8);
  const group = file.subarray(MAGIC.length, footerStart);
  const rounds = Math.ceil(fileBytes / group.length);
  const metadata = readFooter(footer);
  metadata.num_rows = records.length * rounds;
  metadata.row_groups = Array.from({ length: rounds }, (_, round) => {
    // One of its own for each, as they are changed.
    const [copy] = readFooter(footer).row_groups;
    if (!copy) throw new Error('the file has no row group');
    for (const { meta_data: column } of copy.columns) {
      column.data_page_offset = Number(column.data_page_offset) + round * group.length;
      if (column.dictionary_page_offset !== null) {
        column.dictionary_page_offset = Number(column.dictionary_page_offset) + round * group.length;
      }
    }
    return copy;
  });
  const footers = serializeThrift(metadata);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footers.length);
  const groups = new Array<Buffer>(rounds).fill(group);
  return { key: keyOf(tenantId, name), pieces: [MAGIC, ...groups, footers, length, MAGIC], records, rounds };
}

function readFooter(bytes: Buffer) {
  const metadata = new thrift.FileMetaData();
  decodeThrift(metadata, bytes);
  return metadata;
}
