/** What parquetjs-lite has inside, as far as a footer is rewritten with it. */
declare module 'parquetjs-lite/lib/util.js' {
  import type { FileMetaData } from 'parquetjs-lite/gen-nodejs/parquet_types.js';

  export function serializeThrift(value: FileMetaData): Buffer;
  /** Fills the value from Thrift's compact protocol. */
  export function decodeThrift(value: FileMetaData, bytes: Buffer): number;
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  /** Written as a number, read as an object that turns into one. */
  type Int64 = number;

  export interface ColumnChunk {
    file_offset: Int64;
    readonly meta_data: {
      data_page_offset: Int64;
      dictionary_page_offset: Int64 | null;
      num_values: Int64;
      total_compressed_size: Int64;
      total_uncompressed_size: Int64;
    };
    column_index_offset: Int64 | null;
    column_index_length: number | null;
    offset_index_offset: Int64 | null;
    offset_index_length: number | null;
  }

  export class FileMetaData {
    num_rows: Int64;
    row_groups: { num_rows: Int64; total_byte_size: Int64; readonly columns: readonly ColumnChunk[] }[];
  }

  const types: { readonly FileMetaData: typeof FileMetaData };

  // biome-ignore lint/style/noDefaultExport: CommonJS whose exports Node cannot tell by looking.
  export { types as default };
}
