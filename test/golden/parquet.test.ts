import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { RECORD_FIELDS } from '../../service/core/chunk.ts';
import { memorySource } from '../../service/object/source.ts';
import { type DecodedRecord, decodeAll, decodeFrom, LIMITS, open } from '../support/decode.ts';
import { type GoldenRefusal, type GoldenRow, refusedAs } from '../support/golden.ts';

/** Every file of the folder, as pyarrow wrote it: adding one (see make.py) adds its tests. */
const folder = new URL('./parquet/', import.meta.url);
const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet')).map((name) => name.slice(0, -8));

const expectedOf = async (name: string): Promise<GoldenRow[] | GoldenRefusal> =>
  JSON.parse(await readFile(new URL(`${name}.json`, folder), 'utf8'));
const sourceOf = async (name: string) =>
  memorySource(`${name}.parquet`, await readFile(new URL(`${name}.parquet`, folder)));

function toRecord({ timestampMs, message, record }: GoldenRow, messageFormat: 'message' | 'record'): DecodedRecord {
  const row = JSON.parse(record);
  const field = (name: string): string => row[name] ?? row.kubernetes?.[name] ?? '';
  return {
    timestampMs: timestampMs ?? Number.NaN,
    message: messageFormat === 'record' ? record : (message ?? record),
    fields: Object.fromEntries(RECORD_FIELDS.map((name) => [name, field(name)])),
    unparsable: undefined,
  };
}

assert.ok(names.length >= 32, `only ${names.length} golden files were found`);

for (const name of names) {
  const expected = await expectedOf(name);
  suite(`Parquet file ${name}`, () => {
    if (!Array.isArray(expected)) {
      test('is refused by name', async () => {
        await assert.rejects(decodeAll(await sourceOf(name)), refusedAs(expected));
      });
      return;
    }
    for (const messageFormat of ['message', 'record'] as const) {
      test(`gives the records that its writer put in, as ${messageFormat}`, async () => {
        const records = await decodeAll(await sourceOf(name), { messageFormat });
        assert.deepEqual(
          records,
          expected.map((row) => toRecord(row, messageFormat)),
        );
      });

      test(`can be resumed at every chunk, as ${messageFormat}`, async () => {
        const source = await sourceOf(name);
        const wanted = expected.map((row) => toRecord(row, messageFormat));
        const request = { messageFormat, limits: { ...LIMITS, chunkRecordsMax: 17 } };
        using decoder = await open(source);
        const positions = [];
        for await (const chunk of decodeFrom(decoder, undefined, request)) {
          assert.ok(chunk.count <= 17);
          if (chunk.next) positions.push(chunk.next);
        }
        assert.equal(positions.length, Math.max(0, Math.ceil(expected.length / 17) - 1));
        for (const position of positions) {
          assert.deepEqual(await decodeAll(source, request, position), wanted.slice(position.record));
        }
      });
    }
  });
}

test('messages that are not UTF-8 come with their bytes', async () => {
  using decoder = await open(await sourceOf('invalid-utf8'));
  const originals: [number, string][] = [];
  for await (const { originals: kept } of decodeFrom(decoder)) {
    for (const record of kept?.records ?? []) {
      originals.push([record, Buffer.from(kept?.of(record) ?? []).toString('latin1')]);
    }
  }
  assert.deepEqual(originals, [[3, 'broken \xff\xfe utf-8 \xc3']]);
});
