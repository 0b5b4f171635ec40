import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { DistributorError } from '../../service/base/errors.ts';
import { memorySource } from '../../service/object/source.ts';
import { decodeAll } from './decode.ts';

/** An object as another writer made it, and what is right. */
export interface GoldenObject {
  readonly name: string;
  readonly bytes: Buffer;
  readonly expected: GoldenRecords | GoldenRefusal;
}

export interface GoldenRecords {
  /** What it is recognised as; of text only. */
  readonly format?: string;
  readonly records: readonly GoldenRecord[];
}

export interface GoldenRecord {
  /** Null where the record has none that is readable. */
  readonly timestampMs: number | null;
  /** Its text: of a record without a message, the whole record. */
  readonly message: string;
  readonly unparsable?: true;
}

export interface GoldenRefusal {
  /** The error's code. */
  readonly error: string;
  /** A part of its sentence. */
  readonly says: string;
}

/** For assert.rejects. */
export function refusedAs({ error, says }: GoldenRefusal): (thrown: unknown) => true {
  return (thrown) => {
    assert.ok(thrown instanceof DistributorError, String(thrown));
    assert.equal(thrown.code, error);
    assert.ok(thrown.message.includes(says), thrown.message);
    return true;
  };
}

/** A row of test/golden/parquet/*.json. */
export interface GoldenRow {
  readonly timestampMs: number | null;
  readonly message: string | null;
  readonly record: string;
}

const GOLDEN = new URL('../golden/', import.meta.url);

/** All objects of test/golden/text. */
export async function goldenText(): Promise<GoldenObject[]> {
  const folder = new URL('text/', GOLDEN);
  const all = new Set(await readdir(folder));
  const names = [...all].filter((name) => all.has(`${name}.json`));
  return Promise.all(
    names.map(async (name) => ({
      name,
      bytes: await readFile(new URL(name, folder)),
      expected: JSON.parse(await readFile(new URL(`${name}.json`, folder), 'utf8')),
    })),
  );
}

/** All objects of test/golden/parquet. */
export async function goldenParquet(): Promise<GoldenObject[]> {
  const folder = new URL('parquet/', GOLDEN);
  return Promise.all(
    (await parquetNames(folder)).map(async (name) => {
      const expected = JSON.parse(await readFile(new URL(name.replace(/parquet$/, 'json'), folder), 'utf8')) as
        | GoldenRow[]
        | GoldenRefusal;
      const records = (rows: readonly GoldenRow[]) =>
        rows.map(({ timestampMs, message, record }) => ({ timestampMs, message: message ?? record }));
      return {
        name,
        bytes: await readFile(new URL(name, folder)),
        expected: Array.isArray(expected) ? { records: records(expected) } : expected,
      };
    }),
  );
}

/** All objects of test/golden/vector. Their records are those of the decoder, which test/golden/vector.test.ts holds against pyarrow's. */
export async function goldenVector(): Promise<GoldenObject[]> {
  const folder = new URL('vector/', GOLDEN);
  return Promise.all(
    (await parquetNames(folder)).map(async (name) => {
      const bytes = await readFile(new URL(name, folder));
      const records = await decodeAll(memorySource(name, bytes));
      return {
        name,
        bytes,
        expected: { records: records.map(({ timestampMs, message }) => ({ timestampMs, message })) },
      };
    }),
  );
}

async function parquetNames(folder: URL): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.parquet'));
}
