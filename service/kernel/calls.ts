/** The exports of assembly/index.ts, where each is described. Addresses and sizes are bytes. */
export interface KernelCalls {
  snappyDecompress(source: number, sourceLength: number, target: number, targetLength: number): number;
  snappyPart(state: number, end: number, begin: number, limit: number): number;
  lz4Part(state: number, end: number, begin: number, limit: number): number;
  scanByteArrays(
    source: number,
    sourceLength: number,
    count: number,
    base: number,
    starts: number,
    lengths: number,
  ): number;
  takeMessages(
    starts: number,
    lengths: number,
    count: number,
    shift: number,
    toStarts: number,
    toLengths: number,
    toSizes: number,
    toForms: number,
    overhead: number,
    bytesMax: number,
  ): number;
  writeEvents(
    events: number,
    count: number,
    starts: number,
    lengths: number,
    forms: number,
    times: number,
    base: number,
    target: number,
    limit: number,
  ): number;
  clearNames(scanner: number): void;
  addName(length: number, kind: number, field: number, inside: boolean): number;
  clearValues(
    scanner: number,
    table: number,
    tableBits: number,
    arena: number,
    arenaBytes: number,
    news: number,
    newsBytes: number,
  ): void;
  takeNews(scanner: number): number;
  takeNumber(scanner: number, field: number): number;
  scanLines(
    scanner: number,
    end: number,
    wholeRecords: boolean,
    starts: number,
    lengths: number,
    sizes: number,
    forms: number,
    times: number,
    ids: number,
    recordsRoom: number,
    base: number,
    baseRoom: number,
    fieldCount: number,
    bytesMax: number,
    recordsMax: number,
    recordOverhead: number,
    lineBytesMax: number,
  ): number;
}

/** Where a scanner's state has what its callers look at, in bytes from its address (assembly/scanner.ts). */
export const SCANNER_STATE = {
  news: 740,
  from: 1_024,
  count: 1_028,
  used: 1_032,
  metered: 1_036,
  lineStart: 1_040,
  lineEnd: 1_044,
} as const;
