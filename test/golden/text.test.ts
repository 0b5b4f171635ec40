import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { DistributorError } from '../../service/base/errors.ts';
import { memorySource } from '../../service/object/source.ts';
import { decodeAll, decodeFrom, LIMITS, open } from '../support/decode.ts';

/** Every object of the folder, as other writers made it: adding one (see make.py) adds its tests. */
const folder = new URL('./text/', import.meta.url);
const files = new Set(await readdir(folder));
const names = [...files].filter((name) => files.has(`${name}.json`));

interface ExpectedRecord {
  readonly timestampMs: number | null;
  readonly message: string;
  readonly unparsable?: true;
}
type Expected =
  | { readonly format: string; readonly records: readonly ExpectedRecord[] }
  | { readonly error: string; readonly says: string };

async function load(name: string) {
  const expected = JSON.parse(await readFile(new URL(`${name}.json`, folder), 'utf8')) as Expected;
  const bytes = await readFile(new URL(name, folder));
  return { expected, sourceOf: (pieceBytes: number) => memorySource(name, bytes, pieceBytes) };
}

const decode = async (...args: Parameters<typeof decodeAll>): Promise<ExpectedRecord[]> =>
  (await decodeAll(...args)).map(({ timestampMs, message, unparsable }) => ({
    timestampMs: Number.isNaN(timestampMs) ? null : timestampMs,
    message,
    ...(unparsable === undefined ? {} : { unparsable: true }),
  }));

assert.ok(names.length >= 90, `only ${names.length} golden objects were found`);

for (const name of names) {
  suite(`the object ${name}`, () => {
    test('is what its writer put in, or is refused by name', async () => {
      const { expected, sourceOf } = await load(name);
      for (const pieceBytes of [1, 7, 100, 1 << 20]) {
        if ('error' in expected) {
          await assert.rejects(decode(sourceOf(pieceBytes)), (error) => {
            assert.ok(error instanceof DistributorError, String(error));
            assert.equal(error.code, expected.error);
            assert.ok(error.message.includes(expected.says), error.message);
            return true;
          });
        } else {
          assert.equal((await open(sourceOf(pieceBytes))).format, expected.format);
          assert.deepEqual(await decode(sourceOf(pieceBytes)), expected.records);
        }
      }
    });

    test('can be resumed at every chunk', async () => {
      const { expected, sourceOf } = await load(name);
      if ('error' in expected) return;
      for (const chunkRecordsMax of [1, 3]) {
        const request = { limits: { ...LIMITS, chunkRecordsMax } };
        using decoder = await open(sourceOf(1 << 20));
        for await (const { next } of decodeFrom(decoder, undefined, request)) {
          if (next) assert.deepEqual(await decode(sourceOf(13), request, next), expected.records.slice(next.record));
        }
      }
    });
  });
}

test('Parquet within gzip has the rows of the file within', async () => {
  const wrapped = memorySource('wrapped', await readFile(new URL('wrapped.parquet.gz', folder)));
  assert.equal((await open(wrapped)).format, 'parquet+gzip');
  const inner = memorySource('inner', await readFile(new URL('../parquet/codec-gzip.parquet', folder)));
  for (const messageFormat of ['message', 'record'] as const) {
    const request = { messageFormat, limits: { ...LIMITS, chunkRecordsMax: 17 } };
    assert.deepEqual(await decodeAll(wrapped, request), await decodeAll(inner, request));
    using decoder = await open(wrapped);
    for await (const { next } of decodeFrom(decoder, undefined, request)) {
      if (next) assert.deepEqual(await decodeAll(wrapped, request, next), await decodeAll(inner, request, next));
    }
  }
});
