import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parquetMetadata } from 'hyparquet';
import { RECORD_COLUMNS } from '../../infra/values/record.ts';
import { encodeRecords, takeRecords } from '../../local/workload/object.ts';
import { createRecordSource } from '../../local/workload/source.ts';
import { KUBERNETES_FIELDS, RECORD_FIELDS } from '../../service/core/chunk.ts';

/** A column's leaves as paths: `kubernetes.pod_name`. */
function leaves(): Map<string, string> {
  return new Map(
    RECORD_COLUMNS.flatMap(({ name, type }): [string, string][] => {
      const struct = /^struct<(.+)>$/.exec(type)?.[1];
      if (struct === undefined) return [[name, type]];
      return struct.split(',').map((field) => {
        const [child = '', childType = ''] = field.split(':');
        return [`${name}.${child}`, childType];
      });
    }),
  );
}

test("Glue's columns are the fields that the service decodes, where it looks for them, and the time of collection", () => {
  const wanted = RECORD_FIELDS.map((field) => (KUBERNETES_FIELDS.has(field) ? `kubernetes.${field}` : field));
  assert.deepEqual([...leaves().keys()].sort(), ['timestamp', 'ingest_timestamp', 'message', ...wanted].sort());
});

test("Glue's columns are the members of the record that the collector writes", () => {
  const program = readFileSync(new URL('../../k8s/vector/base/vrl/record.vrl', import.meta.url), 'utf8');
  const members = [...program.matchAll(/^ {2}"(\w+)":/gm)].map(([, name]) => name);
  // Records without a tenant are in no object of a tenant.
  const wanted = members.filter((name) => name !== 'without_tenant');
  assert.deepEqual(RECORD_COLUMNS.map(({ name }) => name).sort(), wanted.sort());
});

test("Glue's columns are those of the Parquet files that the service is tested with, name by name and type by type", async () => {
  const source = createRecordSource({ seed: 'infra', tenantId: 'acme', clusterId: 'c-1', environment: 'prod' });
  const file = await encodeRecords(takeRecords(source, 1_000, 0, 1_000), 'parquet');
  const bytes = new Uint8Array(file).buffer;
  const { schema } = parquetMetadata(bytes);
  const found = new Map<string, string>();
  let parent = '';
  let children = 0;
  for (const element of schema.slice(1)) {
    if (element.num_children) {
      parent = element.name;
      children = element.num_children;
      continue;
    }
    const path = children > 0 ? `${parent}.${element.name}` : element.name;
    children--;
    found.set(
      path,
      element.converted_type === 'UTF8'
        ? 'string'
        : element.converted_type === 'TIMESTAMP_MILLIS'
          ? 'timestamp'
          : 'other',
    );
  }
  assert.deepEqual(Object.fromEntries([...found].sort()), Object.fromEntries([...leaves()].sort()));
});
