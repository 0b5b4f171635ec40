import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configOf } from '../../infra/config/config.ts';
import { type LogTable, logTableOf, partitionColumnOf } from '../../infra/values/athena.ts';
import { namesOf } from '../../infra/values/names.ts';
import { layoutOf, TIME_KEYS } from '../../infra/values/object-layout.ts';
import { encodeRecords } from '../../local/workload/object.ts';
import type { LogRecord } from '../../local/workload/record.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { renderKeyPrefix, renderTime } from '../k8s/support/s3-object.ts';
import { configOf as vectorConfigOf } from '../k8s/support/vector-config.ts';
import { s3Sink } from '../k8s/support/vector-reference.ts';
import { conditionsOf, projectedPrefixes } from './support/projection.ts';

const place = { partition: 'aws', region: 'us-east-1', accountId: '111111111111' };
const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 10, 23, 12);

function environment(overrides: Parameters<typeof configOf>[1] = {}) {
  const config = configOf('production', overrides);
  const names = namesOf(config, place);
  const layout = layoutOf(config);
  return { names, layout, table: logTableOf(config, names, layout) };
}
const firehose = environment();
const direct = environment({ ingestion: { firehose: false } });

/** The two queries of the guide. */
const [HOUR_QUERY = '', NDJSON_QUERY = ''] = [
  ...readFileSync(new URL('../../docs/guide/athena.md', import.meta.url), 'utf8').matchAll(/```sql\n([\s\S]*?)```/g),
].map(([, sql]) => sql ?? '');

/** Firehose's prefix for a record that arrives at a time (Firehose developer guide, "Custom prefixes"). */
function firehosePrefix(record: LogRecord): string {
  const parts: Readonly<Record<string, string>> = {
    customer_tenant: record.customer_tenant,
    cluster_id: record.cluster_id,
    environment: record.environment,
  };
  const iso = new Date(record.timestamp).toISOString();
  const times: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
  };
  return firehose.layout.firehosePrefix
    .replace(/!\{partitionKeyFromQuery:(\w+)\}/g, (_, name: string) => parts[name] ?? assert.fail(name))
    .replace(/!\{timestamp:(\w+)\}/g, (_, pattern: string) => times[pattern] ?? assert.fail(pattern));
}

/** The prefix of Vector's objects for the same record, when it is written at its own time. */
function vectorPrefix(record: LogRecord): string {
  const { key_prefix: prefix = '', filename_time_format: name = '' } = s3Sink.parse(vectorConfigOf('s3').sinks.s3);
  const folders = name.slice(0, name.lastIndexOf('/') + 1);
  return renderKeyPrefix(prefix, { ...record }) + renderTime(folders, record.timestamp);
}

/** Records of two tenants, two clusters and two environments, around noon: before, in and after the hour of the query. */
const RECORDS: readonly LogRecord[] = ['acme', 'globex'].flatMap((tenantId) =>
  ['eks-eu-1', 'eks-us-1'].flatMap((clusterId) =>
    ['production', 'staging'].flatMap((name) => {
      const source = createRecordSource({ seed: 'athena', tenantId, clusterId, environment: name });
      return [9.4, 9.9, 10, 10.5, 10.999, 11, 34.5].map((hour) => source(NOON_MS - 12 * HOUR_MS + hour * HOUR_MS));
    }),
  ),
);

const bucketFolder = await mkdtemp(join(tmpdir(), 'log-distributor-athena-'));
after(() => rm(bucketFolder, { recursive: true, force: true }));

test("the guide's query lists one prefix: the hour that Firehose and Vector write that tenant's records under", () => {
  const wanted = RECORDS.filter(
    (record) =>
      record.customer_tenant === 'acme' &&
      record.cluster_id === 'eks-eu-1' &&
      record.environment === 'production' &&
      new Date(record.timestamp).toISOString().startsWith('2026-11-23T10'),
  );
  assert.equal(wanted.length, 3);
  for (const [{ table, names }, prefixOf] of [
    [firehose, firehosePrefix],
    [direct, vectorPrefix],
  ] as const) {
    const prefixes = projectedPrefixes(table, conditionsOf(HOUR_QUERY, table));
    assert.equal(prefixes.length, 1);
    const found = RECORDS.filter((record) => prefixes.includes(`${names.bucket}/${prefixOf(record)}`));
    assert.deepEqual(found, wanted);
  }
});

test('every hour of every record is projected, and each key of time only as it is written', () => {
  for (const [{ table, names }, prefixOf] of [
    [firehose, firehosePrefix],
    [direct, vectorPrefix],
  ] as const) {
    for (const record of RECORDS) {
      const iso = new Date(record.timestamp).toISOString();
      const day = { year: [iso.slice(0, 4)], month: [iso.slice(5, 7)], day: [iso.slice(8, 10)] };
      const identity = {
        tenant_id: [record.customer_tenant],
        key_cluster_id: [record.cluster_id],
        key_environment: [record.environment],
      };
      const prefixes = projectedPrefixes(table, { ...identity, ...day });
      assert.equal(prefixes.length, 24);
      assert.equal(prefixes.filter((prefix) => prefix === `${names.bucket}/${prefixOf(record)}`).length, 1);
    }
  }
});

test('a query that names no tenant is refused; one of a placeholder whose values are known may leave it out', () => {
  const conditions = conditionsOf(HOUR_QUERY, firehose.table);
  for (const name of ['tenant_id', 'key_cluster_id', 'key_environment']) {
    assert.throws(
      () => projectedPrefixes(firehose.table, { ...conditions, [name]: undefined as never }),
      new RegExp(name),
    );
  }
  const { table } = environment({ ingestion: { partitionValues: { cluster_id: ['eks-eu-1', 'eks-us-1'] } } });
  const prefixes = projectedPrefixes(table, { ...conditions, key_cluster_id: undefined as never });
  assert.deepEqual(
    prefixes.map((prefix) => /cluster_id=([^/]+)/.exec(prefix)?.[1]),
    ['eks-eu-1', 'eks-us-1'],
  );
});

test('no column has the name of a partition, whatever the key template', () => {
  for (const objectKeyTemplate of [
    'logs/{tenant_id}/',
    'in/{environment}/{tenant_id}/{application}',
    'l/{tenant_id}/{hour}/',
  ]) {
    const { table } = environment({ objectKeyTemplate, ingestion: { firehose: false } });
    const all = [...table.columns, ...table.partitionKeys].map(({ name }) => name);
    assert.equal(new Set(all).size, all.length, all.join(', '));
    for (const { name } of table.partitionKeys) {
      assert.ok(table.parameters['storage.location.template']?.includes(`\${${name}}`), name);
    }
  }
  assert.deepEqual(['tenant_id', 'cluster_id', ...TIME_KEYS].map(partitionColumnOf), [
    'tenant_id',
    'key_cluster_id',
    'key_year',
    'key_month',
    'key_day',
    'key_hour',
  ]);
});

const duckdb = spawnSync('python3', ['-c', 'import duckdb'], { encoding: 'utf8' }).status === 0;
if (duckdb) await writeBucket();
const skip = duckdb ? false : 'left out: there is no duckdb for python3 here';

test("DuckDB answers the guide's queries from the files under the projected prefixes, and they are that tenant's hour", {
  skip,
}, () => {
  const hour = query(firehose.table, 'parquet', HOUR_QUERY);
  const wanted = ofTenant(['eks-eu-1'], '2026-11-23T10:00:00Z', '2026-11-23T11:00:00Z');
  assert.deepEqual(
    hour.map(({ timestamp, application, message }) => [Date.parse(`${timestamp}Z`), application, message]),
    wanted.map(({ timestamp, application, message }) => [timestamp, application, message]),
  );
  const sameFromJson = query(direct.table, 'json', HOUR_QUERY);
  assert.deepEqual(
    sameFromJson.map(({ timestamp, message }) => [Date.parse(timestamp ?? ''), message]),
    wanted.map(({ timestamp, message }) => [timestamp, message]),
  );
  const later = query(direct.table, 'json', NDJSON_QUERY);
  assert.deepEqual(
    later.map(({ happened_at: at, message }) => [Date.parse(at ?? ''), message]).sort(),
    ofTenant(['eks-eu-1', 'eks-us-1'], '2026-11-23T09:30:00Z', '2026-11-23T11:00:00Z')
      .map(({ timestamp, message }) => [timestamp, message])
      .sort(),
  );
});

test("each of the table's columns is in the files, with its type", { skip }, () => {
  for (const [{ table }, format] of [
    [firehose, 'parquet'],
    [direct, 'json'],
  ] as const) {
    const columns = table.columns.map(({ name }) => `"${name}"`).join(', ');
    const [row] = query(table, format, HOUR_QUERY.replace(/SELECT .*/, `SELECT ${columns}`));
    for (const { name } of table.columns) assert.notEqual(row?.[name] ?? 'None', 'None', `${format}: ${name}`);
  }
});

/** The tenant's records of production, in order. */
function ofTenant(clusters: readonly string[], from: string, to: string): readonly LogRecord[] {
  return RECORDS.filter(
    ({ customer_tenant, cluster_id, environment: name, timestamp }) =>
      customer_tenant === 'acme' &&
      clusters.includes(cluster_id) &&
      name === 'production' &&
      timestamp >= Date.parse(from) &&
      timestamp < Date.parse(to),
  ).toSorted((a, b) => a.timestamp - b.timestamp);
}

/** All records, as Firehose and Vector write them, each prefix an object. */
async function writeBucket(): Promise<void> {
  for (const [prefixOf, format, extension] of [
    [firehosePrefix, 'parquet', 'parquet'],
    [vectorPrefix, 'ndjson+gzip', 'log.gz'],
  ] as const) {
    for (const [prefix, records] of Map.groupBy(RECORDS, prefixOf)) {
      const file = join(bucketFolder, firehose.names.bucket, prefix, `object.${extension}`);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, await encodeRecords(records, format));
    }
  }
}

/** What a query gives, from nothing but the files of the partitions that its conditions project. */
function query(table: LogTable, format: 'parquet' | 'json', sql: string): readonly Record<string, string>[] {
  const conditions = conditionsOf(sql, table);
  const partitions = table.partitionKeys
    .reduce<readonly Record<string, string>[]>(
      (rows, { name }) => rows.flatMap((row) => (conditions[name] ?? []).map((value) => ({ ...row, [name]: value }))),
      [{}],
    )
    .map((values) => {
      const each = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
      const [prefix = ''] = projectedPrefixes(table, each);
      return { glob: join(bucketFolder, prefix, format === 'parquet' ? '*.parquet' : '*.gz'), values };
    })
    // Athena skips a prefix without objects; DuckDB refuses it.
    .filter(({ glob }) => globSync(glob).length > 0);
  const types = Object.fromEntries(table.columns.map(({ name, type }) => [name, duckdbType(type)]));
  const input = JSON.stringify({ table: 'log_distributor_production.logs', format, types, partitions, sql });
  const script = fileURLToPath(new URL('support/query.py', import.meta.url));
  const { stdout, stderr, status } = spawnSync('python3', [script], { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

/** Hive's types, as DuckDB spells them. */
function duckdbType(type: string): string {
  const members = /^struct<(.+)>$/.exec(type)?.[1];
  if (members === undefined) return { string: 'VARCHAR', timestamp: 'TIMESTAMP' }[type] ?? assert.fail(type);
  return `STRUCT(${members
    .split(',')
    .map((member) => member.replace(':string', ' VARCHAR'))
    .join(', ')})`;
}
