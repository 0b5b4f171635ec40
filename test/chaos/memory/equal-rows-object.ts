import { parquetWriteBuffer } from 'hyparquet-writer';
import { keyOf } from '../../support/tenant.ts';
import { type HugeObject, type HugeObjectOptions, plainRecord } from './huge-object.ts';

const ROWS = 3_000_000;
const MESSAGE = 'same';

/** Equal rows in one page: some hundred bytes, whose events are 90 MB as CloudWatch counts them, in chunks of as many records as there may be. */
export function createEqualRowsObject({ tenantId, nowMs }: Pick<HugeObjectOptions, 'tenantId' | 'nowMs'>): HugeObject {
  const timestamp = nowMs - 60_000;
  const same = { encoding: 'RLE_DICTIONARY' } as const;
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'timestamp', data: new Array<Date>(ROWS).fill(new Date(timestamp)), type: 'TIMESTAMP', ...same },
      { name: 'message', data: new Array<string>(ROWS).fill(MESSAGE), type: 'STRING', ...same },
    ],
    statistics: false,
    pageSize: 2 ** 30,
    rowGroupSize: ROWS,
  });
  const record = plainRecord({ timestamp, message: MESSAGE, tenantId });
  return { key: keyOf(tenantId, 'equal.parquet'), pieces: [Buffer.from(file)], records: [record], rounds: ROWS };
}
