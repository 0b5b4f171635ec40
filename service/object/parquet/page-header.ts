import { corrupt } from '../corrupt.ts';
import type { ByteRun } from './byte-run.ts';
import { createThriftReader, type ThriftReader } from './thrift.ts';

/** What a page says of itself (parquet.thrift, PageHeader). Sizes are bytes, and not negative; nothing else was held against anything. */
export interface PageHeader {
  /** `other`: an index, or of a kind that is not known here. */
  readonly kind: 'data' | 'data v2' | 'dictionary' | 'other';
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
  /** CRC-32 of the page as it lies in the file. */
  readonly crc: number | undefined;
  /** Values and nulls of a data page; values of a dictionary. */
  readonly entries: number;
  readonly encoding: number;
  /** Of levels in a data page v1. */
  readonly definitionEncoding: number;
  readonly repetitionEncoding: number;
  /** Of levels in a data page v2. */
  readonly definitionBytes: number;
  readonly repetitionBytes: number;
  /** Whether the values of a data page v2 are, as it says itself: see `areValuesCompressed`. */
  readonly isCompressed: boolean;
}

/**
 * Whether the values of a data page v2 are compressed. Arrow before 3.0 compressed them and said that it had not (ARROW-10353); then the
 * sizes tell.
 */
export function areValuesCompressed({ isCompressed, compressedBytes, uncompressedBytes }: PageHeader): boolean {
  return isCompressed || compressedBytes !== uncompressedBytes;
}

/** A page of a column chunk, whose header is read. */
export interface PlacedPage {
  readonly header: PageHeader;
  /** Place of its header in the file. */
  readonly offset: number;
  /** Place of the next page's header. */
  readonly end: number;
}

/** Headers are some dozen bytes; with minimum and maximum of long values in them they can be large. */
const HEADER_BYTES = [1_024, 64 * 1024, 16 * 1024 * 1024];
/** The kinds that matter: in the Thrift structure a header of their own stands in a field. */
const KINDS = { 5: 'data', 7: 'dictionary', 8: 'data v2' } as const;

/** Reads the header of the next page; its body comes next in the run then. @throws DistributorError `object-corrupt` */
export async function nextPage(run: ByteRun): Promise<PlacedPage> {
  const { offset } = run;
  const { header, length } = await readHeader(run);
  const { compressedBytes, uncompressedBytes } = header;
  if (!(compressedBytes >= 0 && uncompressedBytes >= 0)) {
    throw corrupt(`the Parquet page at byte ${offset} has a negative size`);
  }
  run.skip(length);
  if (compressedBytes > run.left) throw corrupt(`the Parquet page at byte ${offset} reaches beyond its column chunk`);
  return { header, offset, end: run.offset + compressedBytes };
}

async function readHeader(run: ByteRun): Promise<{ header: PageHeader; length: number }> {
  for (const size of HEADER_BYTES) {
    const bytes = await run.peek(Math.min(size, run.left));
    const reader = createThriftReader(bytes);
    try {
      return { header: parseHeader(reader), length: reader.offset };
    } catch (error) {
      // A header that is cut off may go on behind what was looked at.
      if (bytes.length === run.left) throw corrupt(`the Parquet page header at byte ${run.offset} is broken`, error);
    }
  }
  throw corrupt(`the Parquet page header at byte ${run.offset} is broken or longer than ${HEADER_BYTES.at(-1)} bytes`);
}

type Draft = { -readonly [K in keyof PageHeader]: PageHeader[K] };

function parseHeader(reader: ThriftReader): PageHeader {
  const header: Draft = {
    kind: 'other',
    compressedBytes: -1,
    uncompressedBytes: -1,
    crc: undefined,
    entries: -1,
    encoding: -1,
    definitionEncoding: -1,
    repetitionEncoding: -1,
    definitionBytes: 0,
    repetitionBytes: 0,
    isCompressed: true,
  };
  reader.struct((field) => {
    if (field === 2) header.uncompressedBytes = reader.integer();
    else if (field === 3) header.compressedBytes = reader.integer();
    else if (field === 4) header.crc = reader.integer();
    else if (field === 5 || field === 7 || field === 8) {
      header.kind = KINDS[field];
      reader.struct((inner) => parseInner(reader, header, inner));
    }
  });
  return header;
}

/** A field of the header of a kind. */
function parseInner(reader: ThriftReader, header: Draft, field: number): void {
  if (field === 1) {
    header.entries = reader.integer();
  } else if (header.kind !== 'data v2') {
    if (field === 2) header.encoding = reader.integer();
    else if (header.kind === 'data' && field === 3) header.definitionEncoding = reader.integer();
    else if (header.kind === 'data' && field === 4) header.repetitionEncoding = reader.integer();
  } else if (field === 4) {
    header.encoding = reader.integer();
  } else if (field === 5) {
    header.definitionBytes = reader.integer();
  } else if (field === 6) {
    header.repetitionBytes = reader.integer();
  } else if (field === 7) {
    header.isCompressed = reader.boolean();
  }
}
