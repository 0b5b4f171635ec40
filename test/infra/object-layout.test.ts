import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { configOf } from '../../infra/config/config.ts';
import { layoutOf } from '../../infra/values/object-layout.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { OVERLAYS, configOf as vectorConfigOf } from '../k8s/support/vector-config.ts';

const config = configOf('staging');
const layout = layoutOf(config);
const RECORD = { customer_tenant: 'acme', cluster_id: 'c-1', environment: 'prod', message: 'x', application: 'shop' };

/** What Firehose makes of a prefix expression (Firehose developer guide, "Custom prefixes for Amazon S3 objects"). */
function expand(expression: string, keys: Readonly<Record<string, string>>): string {
  return expression
    .replace(/!\{partitionKeyFromQuery:(\w+)\}/g, (_, name: string) => {
      assert.ok(name in keys, `${name} is no partition key`);
      return keys[name] ?? '';
    })
    .replace(/!\{timestamp:(\w+)\}/g, (_, pattern: string) => '2026112310'.slice(0, pattern.length))
    .replace('!{firehose:error-output-type}', 'processing-failed');
}

test("the service reads the tenant, cluster and environment off the keys that Firehose's prefix makes", () => {
  const keys = { customer_tenant: 'acme', cluster_id: 'c-1', environment: 'prod' };
  const key = `${expand(layout.firehosePrefix, keys)}logs-1-2026-11-23-10-00-00-uuid.parquet`;
  assert.deepEqual(compileKeyTemplate(config.objectKeyTemplate).parse(key), {
    tenant_id: 'acme',
    cluster_id: 'c-1',
    environment: 'prod',
  });
});

test('the prefix follows another template of the service', () => {
  const objectKeyTemplate = 'in/{environment}/{tenant_id}/{application}';
  const other = layoutOf({ ...config, objectKeyTemplate });
  assert.equal(other.logsPrefix, 'in/');
  const key = expand(other.firehosePrefix, { environment: 'prod', customer_tenant: 'acme', application: 'shop' });
  assert.deepEqual(compileKeyTemplate(objectKeyTemplate).parse(`${key}x.parquet`), {
    environment: 'prod',
    tenant_id: 'acme',
    application: 'shop',
  });
});

test('the jq query gives exactly the keys that the prefix asks for', (t) => {
  const jq = spawnSync('jq', ['-c', layout.partitionQuery], { input: JSON.stringify(RECORD), encoding: 'utf8' });
  if (jq.error) return t.skip('left out: there is no jq here');
  assert.equal(jq.stderr, '');
  const wanted = [...layout.firehosePrefix.matchAll(/partitionKeyFromQuery:(\w+)/g)].map(([, name]) => name);
  const keys = JSON.parse(jq.stdout);
  assert.deepEqual(Object.keys(keys).sort(), wanted.sort());
  assert.equal(keys.customer_tenant, 'acme');
});

test('what is not to be delivered lies outside of the prefix that is announced', () => {
  const errors = expand(layout.firehoseErrorOutputPrefix, {});
  for (const prefix of [layout.quarantinePrefix, layout.withoutTenantPrefix, layout.firehoseErrorPrefix, errors]) {
    assert.ok(!prefix.startsWith(layout.logsPrefix), prefix);
  }
  assert.ok(errors.startsWith(layout.firehoseErrorPrefix));
  assert.ok(layout.firehosePrefix.startsWith(layout.logsPrefix));
});

test('records without a tenant lie where the sinks of every overlay put them', () => {
  for (const overlay of OVERLAYS) {
    const prefixes = Object.values(vectorConfigOf(overlay).sinks)
      .map(({ key_prefix: prefix }) => String(prefix ?? ''))
      .filter((prefix) => prefix !== '' && !prefix.startsWith(layout.logsPrefix));
    assert.ok(prefixes.length > 0, overlay);
    for (const prefix of prefixes) assert.ok(prefix.startsWith(layout.withoutTenantPrefix), `${overlay}: ${prefix}`);
  }
});
