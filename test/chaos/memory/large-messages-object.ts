import { parquetWriteBuffer } from 'hyparquet-writer';
import { keyOf } from '../../support/tenant.ts';
import { type HugeObject, type HugeObjectOptions, plainRecord } from './huge-object.ts';

const ROWS = 120;
/** Just below what an event may be, so that none is split. */
const MESSAGE_BYTES = 999_000;

/** One dictionary of 120 MB with large messages, as pyarrow writes the first thousand rows of a row group. */
export function createLargeMessagesObject({
  tenantId,
  nowMs,
}: Pick<HugeObjectOptions, 'tenantId' | 'nowMs'>): HugeObject {
  const records = Array.from({ length: ROWS }, (_, row) => {
    const message = `${row} `.padEnd(MESSAGE_BYTES, `message ${row} `);
    return plainRecord({ timestamp: nowMs - 60_000 + row, message, tenantId });
  });
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'timestamp', data: records.map(({ timestamp }) => new Date(timestamp)), type: 'TIMESTAMP' },
      { name: 'message', data: records.map(({ message }) => message), type: 'STRING', encoding: 'RLE_DICTIONARY' },
    ],
    statistics: false,
    pageSize: 2 ** 30,
    rowGroupSize: ROWS,
  });
  return { key: keyOf(tenantId, 'large-messages.parquet'), pieces: [Buffer.from(file)], records, rounds: 1 };
}
