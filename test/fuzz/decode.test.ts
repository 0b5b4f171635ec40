import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { WRAPS } from '../support/wrap.ts';
import { applyChanges, changes, place, splice } from './bytes.ts';
import { createDecoding } from './decoding.ts';
import { FUZZ_TIMEOUT_MS, fuzz } from './fuzz.ts';
import { seedsOf } from './seeds.ts';
import { setting } from './setting.ts';

const timeout = FUZZ_TIMEOUT_MS;
/** Whole files of every recognised shape. */
const SEEDS = { parquet: seedsOf('parquet'), text: seedsOf('text') };
const anySeed = fc.constantFrom(...SEEDS.parquet, ...SEEDS.text);

suite('whatever the bytes of an object', () => {
  const decodesOrIsRefused = async (t: TestContext, objects: fc.Arbitrary<Uint8Array>) => {
    await using decoding = createDecoding();
    const file = join(tmpdir(), `fuzz-${process.pid}`);
    await fuzz(
      t,
      fc.asyncProperty(objects.map(shownByLength), setting, async ({ bytes }, how) => {
        const outcome = await decoding.decode({ ...how, name: 'o', bytes });
        if (outcome.kind !== 'broken') return;
        // Of those that are tried to find a smaller one, the last stays.
        writeFileSync(file, bytes);
        throw new Error(`${outcome.why}\nThe object is ${file}`);
      }),
    );
  };

  for (const kind of ['parquet', 'text'] as const) {
    test(`a file of ${kind} that was changed decodes, or is refused`, { timeout }, (t) =>
      decodesOrIsRefused(
        t,
        fc.tuple(fc.constantFrom(...SEEDS[kind]), changes).map(([{ bytes }, list]) => applyChanges(bytes, list)),
      ),
    );

    test(`a file of ${kind} with the end of another one decodes, or is refused`, { timeout }, (t) =>
      decodesOrIsRefused(
        t,
        fc
          .tuple(fc.constantFrom(...SEEDS[kind]), place, anySeed, place)
          .map(([front, until, back, from]) => splice(front.bytes, until, back.bytes, from)),
      ),
    );
  }

  test('a file that was changed, and then wrapped, decodes, or is refused', { timeout }, (t) =>
    decodesOrIsRefused(
      t,
      fc
        .tuple(anySeed, changes, fc.array(fc.constantFrom(...Object.values(WRAPS)), { minLength: 1, maxLength: 3 }))
        .map(([{ bytes }, list, wraps]) => wraps.reduce((inner, wrap) => wrap(inner), applyChanges(bytes, list))),
    ),
  );

  test('a file that was wrapped, and then changed, decodes, or is refused', { timeout }, (t) =>
    decodesOrIsRefused(
      t,
      fc
        .tuple(anySeed, fc.constantFrom(...Object.values(WRAPS)), changes)
        .map(([{ bytes }, wrap, list]) => applyChanges(wrap(bytes), list)),
    ),
  );

  test('bytes at random decode, or are refused', { timeout }, (t) =>
    decodesOrIsRefused(
      t,
      fc
        .tuple(fc.constantFrom(...BEGINNINGS), fc.uint8Array({ maxLength: 300 }))
        .map(([magic, rest]) => Buffer.concat([Buffer.from(magic, 'latin1'), rest])),
    ),
  );
});

/** Not every byte is printed. */
function shownByLength(bytes: Uint8Array) {
  return { bytes, [fc.toStringMethod]: () => `${bytes.length} bytes` };
}

/** What shapes and wrappings are recognised by. */
const BEGINNINGS = [
  ...['', '[', '{', '{"a":1}{', '{"Records":[', '{"messageType":"DATA_MESSAGE","logEvents":['],
  ...['PAR1', 'PK\x03\x04', '\x1f\x8b\x08\x00', '\x28\xb5\x2f\xfd', '\x50\x2a\x4d\x18', '\x78\x9c'],
  ...['\xff\x06\x00\x00sNaPpY', '\x82SNAPPY\x00', '\x00\x00\x00\x10\x00\x00\x00', '\x10\x3c'],
  ...['\xef\xbb\xbf', '\xff\xfe', '\xfe\xff'],
];
