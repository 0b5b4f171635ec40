import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { memorySource } from '../../service/object/source.ts';
import { decodeAll, decodeFrom, LIMITS, open } from '../support/decode.ts';
import { type GoldenObject, type GoldenRecord, goldenText, refusedAs } from '../support/golden.ts';

const sourceOf = ({ name, bytes }: GoldenObject, pieceBytes: number) => memorySource(name, bytes, pieceBytes);

const decode = async (...args: Parameters<typeof decodeAll>): Promise<GoldenRecord[]> =>
  (await decodeAll(...args)).map(({ timestampMs, message, unparsable }) => ({
    timestampMs: Number.isNaN(timestampMs) ? null : timestampMs,
    message,
    ...(unparsable === undefined ? {} : { unparsable: true }),
  }));

/** Every object of the folder, as other writers made them: adding one (see make.py) adds its tests. */
const objects = await goldenText();
assert.ok(objects.length >= 90, `only ${objects.length} golden objects were found`);

for (const object of objects) {
  const { expected } = object;
  suite(`the object ${object.name}`, () => {
    test('is what its writer put in, or is refused by name', async () => {
      for (const pieceBytes of [1, 7, 100, 1 << 20]) {
        if ('error' in expected) {
          await assert.rejects(decode(sourceOf(object, pieceBytes)), refusedAs(expected));
        } else {
          assert.equal((await open(sourceOf(object, pieceBytes))).format, expected.format);
          assert.deepEqual(await decode(sourceOf(object, pieceBytes)), expected.records);
        }
      }
    });

    test('can be resumed at every chunk', async () => {
      if ('error' in expected) return;
      for (const chunkRecordsMax of [1, 3]) {
        const request = { limits: { ...LIMITS, chunkRecordsMax } };
        using decoder = await open(sourceOf(object, 1 << 20));
        for await (const { next } of decodeFrom(decoder, undefined, request)) {
          if (next)
            assert.deepEqual(await decode(sourceOf(object, 13), request, next), expected.records.slice(next.record));
        }
      }
    });
  });
}

const read = (name: string) => readFile(new URL(name, import.meta.url));

test('Parquet within gzip has the rows of the file within', async () => {
  const wrapped = memorySource('wrapped', await read('text/wrapped.parquet.gz'));
  assert.equal((await open(wrapped)).format, 'parquet+gzip');
  const inner = memorySource('inner', await read('parquet/codec-gzip.parquet'));
  for (const messageFormat of ['message', 'record'] as const) {
    const request = { messageFormat, limits: { ...LIMITS, chunkRecordsMax: 17 } };
    assert.deepEqual(await decodeAll(wrapped, request), await decodeAll(inner, request));
    using decoder = await open(wrapped);
    for await (const { next } of decodeFrom(decoder, undefined, request)) {
      if (next) assert.deepEqual(await decodeAll(wrapped, request, next), await decodeAll(inner, request, next));
    }
  }
});
