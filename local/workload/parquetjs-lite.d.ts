/** The part of parquetjs-lite (which has no types of its own) that writing needs. */
declare module 'parquetjs-lite' {
  import type { Writable } from 'node:stream';

  export interface ParquetLeaf {
    readonly type: 'UTF8' | 'TIMESTAMP_MILLIS' | 'INT64';
    readonly optional?: boolean;
    readonly compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';
    /** False: no minimum, maximum and distinct count; collecting them takes most of the time of writing. */
    readonly statistics?: boolean;
  }
  export interface ParquetGroup {
    readonly optional?: boolean;
    readonly fields: Readonly<Record<string, ParquetLeaf | ParquetGroup>>;
  }

  class ParquetSchema {
    constructor(fields: Readonly<Record<string, ParquetLeaf | ParquetGroup>>);
  }

  class ParquetWriter {
    static openStream(
      schema: ParquetSchema,
      output: Writable,
      options: {
        /** Rows of a row group. */
        readonly rowGroupSize: number;
        /** Rows (not bytes) of a page. */
        readonly pageSize: number;
        readonly useDataPageV2: boolean;
      },
    ): Promise<ParquetWriter>;
    appendRow(row: Readonly<Record<string, unknown>>): Promise<void>;
    close(): Promise<void>;
  }

  // CommonJS whose exports Node cannot tell by looking: all of it is the default one.
  const parquet: { readonly ParquetSchema: typeof ParquetSchema; readonly ParquetWriter: typeof ParquetWriter };

  // biome-ignore lint/style/noDefaultExport: it is what the package has.
  export { parquet as default };
}
