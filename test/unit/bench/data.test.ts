import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ColumnMetaData, parquetMetadata } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { createRandom } from '../../../local/workload/random.ts';
import { memorySource } from '../../../service/object/source.ts';
import { type DataObject, firstEventMs, loadDataSet } from '../../bench/data/dataset.ts';
import { addTallies, createEventTally, NO_EVENTS } from '../../bench/data/event-tally.ts';
import { LINES } from '../../bench/data/lines.ts';
import { HYPARQUET_WRITER, type ParquetWriter, PYARROW } from '../../bench/data/parquet.ts';
import type { Layout } from '../../bench/workloads.ts';
import { decodeAll } from '../../support/decode.ts';

/** One object whose messages fill a page of 1 MiB. */
const ONE: Layout = { name: 'one', objects: 1, objectMessageBytes: 1.2e6, copies: 1 };
const NOON_MS = Date.UTC(2026, 0, 31, 12);
const TWO: Layout = { name: 'several', objects: 2, objectMessageBytes: 10_000, copies: 1 };
const FORMATS = ['parquet', 'parquet-5-groups', 'ndjson-gzip'] as const;

const noPyarrow =
  spawnSync('python3', ['-c', 'import pyarrow'], { stdio: 'ignore' }).status !== 0 &&
  'there is no pyarrow on this machine';

async function prepare(t: TestContext, writer: ParquetWriter, layout: Layout) {
  const folder = await mkdtemp(join(tmpdir(), 'data-'));
  t.after(() => rm(folder, { recursive: true }));
  const said: string[] = [];
  const load = (nowMs = NOON_MS) =>
    loadDataSet(folder, { lines: 'unicode', layout }, writer, (text) => said.push(text), nowMs);
  return { load, said, folder };
}

async function decode({ files }: DataObject, format: (typeof FORMATS)[number]) {
  return decodeAll(memorySource(files[format].name, await readFile(files[format].path)));
}

async function columnsOf({ files }: DataObject, format: 'parquet' | 'parquet-5-groups') {
  const bytes = await readFile(files[format].path);
  const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer, { geoparquet: false });
  const find = (name: string): ColumnMetaData | undefined =>
    groups[0]?.columns.find(({ meta_data: data }) => data?.path_in_schema.join('.') === name)?.meta_data;
  return { bytes, groups: groups.length, find };
}

async function checkRecords(object: DataObject): Promise<void> {
  const lines = await decode(object, 'ndjson-gzip');
  for (const format of ['parquet', 'parquet-5-groups'] as const) {
    const records = await decode(object, format);
    assert.equal(records.length, lines.length);
    // One by one, as the difference of two long lists takes minutes to print.
    for (const [at, record] of records.entries()) assert.deepEqual(record, lines[at]);
  }
  const tally = createEventTally();
  for (const { timestampMs, message } of lines) tally.add(timestampMs, message);
  assert.deepEqual(tally.read(), object.events);
  assert.ok(object.events.messageBytes >= ONE.objectMessageBytes);
}

async function checkLayout(object: DataObject): Promise<void> {
  assert.equal((await columnsOf(object, 'parquet-5-groups')).groups, 5);
  const { bytes, groups, find } = await columnsOf(object, 'parquet');
  assert.equal(groups, 1);
  for (const name of ['customer_tenant', 'file', 'kubernetes.pod_name']) {
    const column = find(name);
    assert.equal(column?.codec, 'SNAPPY');
    assert.ok(
      column.encodings.some((encoding) => encoding.endsWith('DICTIONARY')),
      name,
    );
  }
  const message = find('message');
  assert.ok(message && !message.encodings.some((encoding) => encoding.endsWith('DICTIONARY')));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { uncompressed_page_size: size } = parquetHeader({ view, offset: Number(message.data_page_offset) });
  assert.ok(Math.abs(size - 2 ** 20) < 2 ** 20 / 20, `a page of ${size} bytes`);
}

const WRITERS = [
  [HYPARQUET_WRITER, false],
  [PYARROW, noPyarrow],
] as const;

for (const [writer, skip] of WRITERS) {
  const what = 'what is in the lines, in row groups, dictionaries, and plain messages in pages of 1 MiB';
  test(`${writer.name} writes as Firehose does: ${what}`, { skip }, async (t) => {
    const [object] = (await (await prepare(t, writer, ONE)).load()).objects;
    assert.ok(object);
    await checkRecords(object);
    await checkLayout(object);
  });
}

test('a data set is made once; the same seed gives the same lines', async (t) => {
  const { load, said, folder } = await prepare(t, HYPARQUET_WRITER, TWO);
  const made = await load();
  assert.deepEqual(await load(), made);
  assert.equal(said.length, 1);
  assert.equal((await readdir(folder)).length, 1);
  await rm(folder, { recursive: true });
  assert.deepEqual(
    (await load()).objects.map(({ events }) => events),
    made.objects.map(({ events }) => events),
  );
  const [one, other] = made.objects;
  assert.notEqual(one?.events.digest, other?.events.digest);
  assert.deepEqual([one?.tenantId, other?.tenantId], ['tenant-00', 'tenant-01']);
});

test('a data set is made anew each week, in place of the one before', async (t) => {
  const { load, said, folder } = await prepare(t, HYPARQUET_WRITER, TWO);
  await load();
  await load(NOON_MS + 24 * 3_600_000);
  assert.equal(said.length, 1, 'the same week');
  await load(NOON_MS + 2 * 24 * 3_600_000);
  assert.equal(said.length, 2);
  assert.deepEqual(
    (await readdir(folder)).map((name) => name.slice(-10)),
    ['2026-02-01'],
  );
});

test('whenever the benchmark runs, its events are less than nine days old and not ahead', () => {
  for (let hour = 0; hour < 24 * 15; hour++) {
    const nowMs = NOON_MS + hour * 3_600_000;
    const ageDays = (nowMs - firstEventMs(nowMs)) / (24 * 3_600_000);
    assert.ok(ageDays > 0.5 && ageDays < 9, `${ageDays} days`);
    assert.equal(new Date(firstEventMs(nowMs)).getUTCDay(), 0);
  }
});

test('plain lines have the size that their name says', () => {
  const random = createRandom('lines');
  for (let at = 0; at < 1_000; at++) {
    assert.equal(Buffer.byteLength(LINES['plain-250'](random, at * 1_000).message), 250);
    assert.equal(Buffer.byteLength(LINES['plain-80'](random, at * 1_000).message), 80);
  }
});

test('the tally of events is the same in any order, and exact where the sum of fingerprints is more than a double holds', () => {
  const events = Array.from({ length: 50 }, (_, at): [number, string] => [at, `message ${at}`]);
  const add = (list: typeof events) => {
    const tally = createEventTally();
    for (const [timestamp, message] of list) tally.add(timestamp, message);
    return tally.read();
  };
  const all = add(events);
  assert.deepEqual(add(events.toReversed()), all);
  assert.deepEqual(addTallies(add(events.slice(0, 20)), add(events.slice(20))), all);
  assert.deepEqual(addTallies(NO_EVENTS, all), all);
  const exact = events.reduce((sum, event) => sum + BigInt(add([event]).digest), 0n) % 2n ** 53n;
  assert.equal(BigInt(all.digest), exact);
  assert.notEqual(add([...events.slice(1), [1, 'message 1']]).digest, all.digest);
});
