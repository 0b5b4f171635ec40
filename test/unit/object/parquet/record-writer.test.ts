import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { START } from '../../../../service/core/chunk.ts';
import { createByteRun } from '../../../../service/object/parquet/byte-run.ts';
import { createColumnCursor } from '../../../../service/object/parquet/column.ts';
import type { LeafRows } from '../../../../service/object/parquet/leaf-rows.ts';
import type { SchemaElement } from '../../../../service/object/parquet/metadata.ts';
import { nextPage } from '../../../../service/object/parquet/page-header.ts';
import { createRecordWriter } from '../../../../service/object/parquet/record-writer.ts';
import { type Leaf, readSchema } from '../../../../service/object/parquet/schema.ts';
import { memorySource } from '../../../../service/object/source.ts';
import { decodeAll, decodeFrom, open } from '../../../support/decode.ts';
import { memoryOf, openFile, writeParquet } from '../../../support/parquet-column.ts';

/** What golden files do not have: pyarrow writes the lists of today only, and all levels right. */

const never = new AbortController().signal;
async function recordsOf(bytes: Uint8Array): Promise<string[]> {
  const records = await decodeAll(memorySource('x.parquet', bytes), { messageFormat: 'record', fields: [] });
  return records.map(({ message }) => message);
}

/** The entries of one row of a leaf, as a file's levels say them. */
type Entry = readonly [definition: number, repetition: number, value?: string];

/** Rows of one entry after the other, as a column that was read has them. */
function rowsOf(leaf: Leaf, entries: readonly Entry[]): LeafRows {
  let at = 0;
  return {
    leaf,
    moveTo: () => undefined,
    get definition() {
      return entries[at]?.[0] ?? 0;
    },
    get repetition() {
      return entries[at]?.[1];
    },
    take: () => entries[at++]?.[2] ?? null,
    [Symbol.dispose]() {},
  };
}

type Repeats = SchemaElement['repetition'];
const element = (name: string, repetition: Repeats, more: Partial<SchemaElement> = {}): SchemaElement => ({
  name,
  repetition,
  type: undefined,
  typeLength: undefined,
  children: 0,
  logical: undefined,
  ...more,
});
const int = (name: string, repetition: Repeats) => element(name, repetition, { type: 'INT32' });
const group = (name: string, children: number, repetition: Repeats) => element(name, repetition, { children });
const list = (name: string) => element(name, 'optional', { children: 1, logical: { kind: 'list' } });

/** Writes a row of a file with one top-level column of this schema. */
function write(schema: readonly SchemaElement[], ...columns: readonly (readonly Entry[])[]): string {
  const parsed = readSchema([group('root', 1, 'required'), ...schema]);
  return createRecordWriter(parsed).write(parsed.leaves.map((leaf, at) => rowsOf(leaf, columns[at] ?? [])));
}

suite('a list of old', () => {
  test('is one of values where its repeated member is one', () => {
    const schema = [list('l'), int('element', 'repeated')];
    assert.equal(
      write(schema, [
        [2, 0, '1'],
        [2, 1, '2'],
      ]),
      '{"l":[1,2]}',
    );
    assert.equal(write(schema, [[1, 0]]), '{"l":[]}');
    assert.equal(write(schema, [[0, 0]]), '{}');
  });

  for (const name of ['array', 'l_tuple']) {
    test(`is one of groups where its repeated member is called ${name}`, () => {
      const schema = [list('l'), group(name, 1, 'repeated'), int('x', 'optional')];
      assert.equal(
        write(schema, [
          [3, 0, '1'],
          [2, 1],
        ]),
        '{"l":[{"x":1},{}]}',
      );
    });
  }

  test('is one of groups where its repeated member has more than one member', () => {
    const schema = [list('l'), group('list', 2, 'repeated'), int('x', 'optional'), int('y', 'required')];
    assert.equal(
      write(
        schema,
        [
          [3, 0, '1'],
          [2, 1],
        ],
        [
          [2, 0, '5'],
          [2, 1, '6'],
        ],
      ),
      '{"l":[{"x":1,"y":5},{"y":6}]}',
    );
  });

  test('is one of values where its repeated member has one member, whatever they are called', () => {
    const schema = [list('l'), group('bag', 1, 'repeated'), int('array_element', 'optional')];
    assert.equal(
      write(schema, [
        [3, 0, '1'],
        [2, 1],
      ]),
      '{"l":[1,null]}',
    );
  });

  test('is one of lists where the member of its repeated member is repeated', () => {
    const schema = [list('l'), group('list', 1, 'repeated'), int('x', 'repeated')];
    assert.equal(
      write(schema, [
        [3, 0, '1'],
        [3, 2, '2'],
        [2, 1],
      ]),
      '{"l":[{"x":[1,2]},{"x":[]}]}',
    );
  });

  test('may be no list by name at all: what is repeated is one', () => {
    assert.equal(
      write(
        [int('l', 'repeated')],
        [
          [1, 0, '1'],
          [1, 1, '2'],
        ],
      ),
      '{"l":[1,2]}',
    );
  });
});

suite('a map', () => {
  const map = element('m', 'optional', { children: 1, logical: { kind: 'map' } });

  test('without values is the list of its keys, whatever they are called', () => {
    const schema = [map, group('map', 1, 'repeated'), int('k', 'required')];
    assert.equal(
      write(schema, [
        [2, 0, '1'],
        [2, 1, '2'],
      ]),
      '{"m":[1,2]}',
    );
  });

  test('whose key is a group has its JSON as a name', () => {
    const schema = [
      map,
      group('key_value', 2, 'repeated'),
      group('key', 1, 'required'),
      int('x', 'required'),
      int('value', 'optional'),
    ];
    assert.equal(write(schema, [[2, 0, '1']], [[2, 0]]), '{"m":{"{\\"x\\":1}":null}}');
  });
});

test('a group without members is null: nobody can know whether it is there', () => {
  assert.equal(write([group('g', 0, 'optional')]), '{"g":null}');
  assert.equal(
    write([group('g', 2, 'optional'), group('nothing', 0, 'required'), int('x', 'optional')], [[2, 0, '1']]),
    '{"g":{"nothing":null,"x":1}}',
  );
});

suite('levels that do not fit one another', () => {
  /** A file with a list, and where the repetition levels of its page begin in the file. */
  async function listFile() {
    const schema = [
      { name: 'root', num_children: 1 },
      { name: 'l', num_children: 1, repetition_type: 'REQUIRED', converted_type: 'LIST' },
      { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
      { name: 'element', type: 'INT32', repetition_type: 'REQUIRED' },
    ] as const;
    const columnData = [{ name: 'l', data: [[1], [2], [3]], encoding: 'PLAIN' as const }];
    const bytes = writeParquet({ schema: [...schema], columnData, codec: 'UNCOMPRESSED' });
    const { file } = await openFile(bytes);
    const [column] = file.metadata.rowGroups[0]?.columns ?? [];
    assert.ok(column);
    const end = column.dataPageOffset + column.compressedBytes;
    using run = createByteRun(file, column.dataPageOffset, end, 4_096, never);
    const { header } = await nextPage(run);
    assert.deepEqual([header.kind, header.repetitionBytes], ['data v2', 2], 'one run: its length, and a zero');
    return { bytes, levels: run.offset };
  }

  test('are corrupt at once: a row cannot begin in the middle of a list', async () => {
    const { bytes, levels } = await listFile();
    assert.deepEqual(await recordsOf(bytes), ['{"l":[1]}', '{"l":[2]}', '{"l":[3]}']);
    bytes[levels + 1] = 1;
    await assert.rejects(recordsOf(bytes), { code: 'object-corrupt', message: /begins in the middle of a list/ });
  });

  test('are corrupt where a column has fewer rows than the others', async () => {
    const { bytes, levels } = await listFile();
    // Two runs where one was: the first entry begins a row, the others go on with it.
    bytes.set([1 << 1, 0], levels);
    await assert.rejects(recordsOf(bytes), { code: 'object-corrupt' });
  });
});

test('a column that cannot be read is null in whole records and counted, and the others are what they are', async () => {
  const text = (name: string) => ({ name, data: ['a', 'b'], type: 'STRING' as const });
  const bytes = writeParquet({
    columnData: [text('message'), { ...text('x'), codec: 'UNCOMPRESSED' }],
    codec: 'SNAPPY',
  });
  const opened = await openFile(bytes);
  const lzo = withCodec(bytes, 'x', 3);
  const decode = async (messageFormat: 'message' | 'record') => {
    using decoder = await open(memorySource('x.parquet', lzo));
    const [chunk, ...others] = await Array.fromAsync(decodeFrom(decoder, START, { messageFormat, fields: [] }));
    assert.equal(others.length, 0);
    return chunk?.unshown;
  };
  assert.deepEqual(await recordsOf(lzo), ['{"message":"a","x":null}', '{"message":"b","x":null}']);
  assert.deepEqual(await decode('record'), { values: 0, columns: 2 });
  assert.deepEqual(await decode('message'), { values: 0, columns: 0 }, 'nobody asks for it');
  const [, leaf] = opened.schema.leaves;
  assert.ok(leaf);
  const asked = await openFile(lzo);
  await assert.rejects(createColumnCursor(asked.file, leaf, undefined, memoryOf(), never).load(), {
    code: 'object-corrupt',
    message: 'the column x of row group 0 cannot be read: the codec LZO is not supported',
  });

  /** The same file, whose footer says another codec of a column: field 4 of its metadata, after the path in field 3. */
  function withCodec(file: Uint8Array, name: string, codec: number): Uint8Array {
    const changed = Buffer.from(file);
    const path = Buffer.from([0x19, 0x18, name.length, ...Buffer.from(name)]);
    const at = changed.lastIndexOf(path) + path.length;
    assert.equal(changed[at], 0x15, 'an integer, one field further');
    changed[at + 1] = codec * 2;
    return changed;
  }
});
