import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { readSettings } from '../../service/base/settings.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { renderKeyPrefix, writeObjects } from './support/s3-object.ts';
import { configOf, environmentOf, interpolate, merge, OVERLAYS, variablesIn } from './support/vector-config.ts';
import { firehoseSink, kubernetesLogs, s3Sink, vectorReference } from './support/vector-reference.ts';

/** The largest whole number that Vector's options take: no end. */
const FOR_EVER = Number('9223372036854775807');

test('every option that is set is one that Vector 0.57.0 documents', () => {
  for (const overlay of OVERLAYS) vectorReference.parse(configOf(overlay));
  const config = configOf('s3');
  const misspelt = { ...config, sinks: { ...config.sinks, s3: { ...config.sinks.s3, key_prefx: '' } } };
  assert.match(String(vectorReference.safeParse(misspelt).error), /key_prefx/);
});

const routes = z.record(z.string(), z.string());

test('every input is an output that exists, and every output goes somewhere', () => {
  for (const overlay of OVERLAYS) {
    const { sources, transforms, sinks } = configOf(overlay);
    const outputs = Object.entries({ ...sources, ...transforms }).flatMap(([name, component]) =>
      component.type === 'route'
        ? [...Object.keys(routes.parse(component.route)), '_unmatched'].map((output) => `${name}.${output}`)
        : [name],
    );
    const inputs = new Set(Object.values({ ...transforms, ...sinks }).flatMap((component) => component.inputs));
    assert.deepEqual([...inputs].sort(), outputs.sort(), overlay);
  }
});

test('a variable that is missing, empty or of several lines stops Vector', () => {
  assert.equal(interpolate(`a: \${A} $B \${C:-c} $\${A}`, { A: '1', B: '2' }), `a: 1 2 c \${A}`);
  assert.deepEqual(variablesIn(`\${A} $B \${C:?set it} $$ \${…}`), ['A', 'B', 'C']);
  for (const overlay of OVERLAYS) {
    const environment = environmentOf(overlay);
    for (const name of ['CLUSTER_ID', 'ENVIRONMENT']) {
      assert.throws(() => configOf(overlay, { ...environment, [name]: '' }), new RegExp(`${name} is not set`));
      assert.throws(() => configOf(overlay, { ...environment, [name]: 'a\nb' }), /more than one line/);
    }
  }
  assert.throws(() => merge(['sinks: { a: { type: x } }', 'sinks: { a: { type: y } }'], {}), /duplicate sinks: a/);
});

test('lines are merged, bounded by what the service takes, and system namespaces are left out', () => {
  const source = kubernetesLogs.parse(configOf('s3').sources.pods);
  assert.equal(source.auto_partial_merge, true);
  assert.equal(source.max_line_bytes, source.max_merged_line_bytes);
  // JSON makes 6 bytes of a byte at most (\u0000); the service takes records of 32 MiB (service/compose/delivery.ts).
  assert.ok(6 * (source.max_line_bytes ?? 0) < 32 * 1024 * 1024);
  assert.match(source.extra_namespace_label_selector ?? '', /^kubernetes\.io\/metadata\.name notin \(kube-system,/);
  assert.match(source.extra_namespace_label_selector ?? '', /,log-distributor\/collect!=false$/);
});

test('Firehose gets calls within its limits, uncompressed JSON, and repeats without end', () => {
  const config = configOf('firehose');
  const sink = firehoseSink.parse(config.sinks.firehose);
  assert.deepEqual(sink.batch, { max_events: 500, max_bytes: 4_000_000, timeout_secs: 1 });
  assert.equal(sink.compression, 'none');
  assert.equal(sink.request?.retry_attempts, FOR_EVER);
  assert.equal(sink.request_retry_partial, true);
  assert.equal(config.healthchecks?.require_healthy, true);
  assert.deepEqual(sink.buffer, { type: 'disk', max_size: 4 * 1024 ** 3, when_full: 'block' });
  assert.deepEqual(Object.keys(sink.auth ?? {}), ['assume_role', 'external_id']);
});

test('S3 gets gzip NDJSON of 64 MB or 5 minutes under unique names, and everything is repeated without end', () => {
  const sink = s3Sink.parse(configOf('s3').sinks.s3);
  assert.deepEqual(sink.batch, { max_bytes: 64_000_000, timeout_secs: 300 });
  assert.equal(sink.compression, 'gzip');
  assert.deepEqual(sink.framing, { method: 'newline_delimited' });
  assert.equal(sink.filename_append_uuid, true);
  assert.deepEqual(sink.retry_strategy, { type: 'all' });
  assert.equal(sink.request?.retry_attempts, FOR_EVER);
  assert.deepEqual(sink.buffer, { type: 'disk', max_size: 4 * 1024 ** 3, when_full: 'block' });
});

test('the keys of both S3 overlays are those that the service reads a tenant from', () => {
  const { objectKeyTemplate } = readSettings({ SQS_QUEUE_URL: 'http://queue/q', DLQ_URL: 'http://queue/d' });
  const template = compileKeyTemplate(objectKeyTemplate);
  const [s3, local] = [configOf('s3'), configOf('local')].map(({ sinks }) => s3Sink.parse(sinks.s3));
  assert.equal(s3?.key_prefix, local?.key_prefix);
  // A literal beginning is what Vector demands of a template since 0.57.
  assert.ok(s3?.key_prefix?.startsWith(template.literalPrefix));

  const records = runPipeline('s3', 'pods', [
    podEvent('2026-11-23T01:59:59Z late'),
    podEvent('hello'),
    podEvent('hello', { ...POD, namespaceLabels: { 'log-distributor/tenant': 'a.b-c_d' } }),
  ]).get('s3');
  const objects = writeObjects('s3', records ?? [], 1_795_400_000_999);
  assert.deepEqual(
    objects.map(({ key }) => template.parse(key).tenant_id),
    ['acme-corp', 'acme-corp', 'a.b-c_d'],
  );
  assert.match(
    objects[0]?.key ?? '',
    /^logs\/tenant_id=acme-corp\/cluster_id=eks-eu-1\/environment=production\/year=2026\/month=11\/day=23\/hour=01\/1795400000-[0-9a-f-]{36}\.log\.gz$/,
  );
  assert.throws(() => renderKeyPrefix('{{ nobody }}', { timestamp: '2026-11-23T01:59:59Z' }), /no nobody/);
});
