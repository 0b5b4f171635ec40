import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { memorySource } from '../../service/object/source.ts';
import { decodeAll } from '../support/decode.ts';

/** What a real Vector's aws_s3 sink writes as Parquet. `expected.json` has what pyarrow reads (parquet/others.py). */
const folder = new URL('./vector/', import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet')).map((name) => name.slice(0, -8));
const expected = JSON.parse(await readFile(new URL('expected.json', folder), 'utf8')) as Readonly<
  Record<string, { readonly rows: number; readonly sha256: string }>
>;

/** Row 5 is JSON with digits that a number would lose, row 6 is empty, row 7 has no message. */
const JSON_ROW = 5;
const EMPTY_ROW = 6;
const ROW_WITHOUT_MESSAGE = 7;
/** An integer that a double does not hold, where the file has the column. */
const EXACT = '"n":1152921504606846977';

assert.deepEqual(names.toSorted(), Object.keys(expected).toSorted());

for (const name of names) {
  suite(`Vector's file ${name}`, () => {
    const read = async () => decodeAll(memorySource(name, await readFile(new URL(`${name}.parquet`, folder))));

    test('gives the times and messages that pyarrow reads', async () => {
      const records = (await read()).filter((_, row) => row !== ROW_WITHOUT_MESSAGE);
      const hash = createHash('sha256');
      for (const { timestampMs, message } of records) hash.update(`${timestampMs} ${message}\n`);
      assert.deepEqual({ rows: records.length, sha256: hash.digest('hex') }, expected[name]);
    });

    test('keeps a message that is JSON, an empty one, and every digit of a record without one', async () => {
      const records = await read();
      assert.equal(records[JSON_ROW]?.message, '{"a": 1.10, "b": 12345678901234567890}');
      assert.equal(records[EMPTY_ROW]?.message, '');
      const record = records[ROW_WITHOUT_MESSAGE]?.message ?? '';
      assert.equal(JSON.parse(record).message, undefined);
      const hasNumber = name === 'vector-auto-snappy' || name === 'vector-str-gzip';
      assert.equal(record.includes(EXACT), hasNumber, record);
    });
  });
}
