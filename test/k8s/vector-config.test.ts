import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { LINES_PACKED } from '../../infra/cost/workload.ts';
import { RECORD_COLUMNS } from '../../infra/values/record.ts';
import { readSettings } from '../../service/base/settings.ts';
import { compileKeyTemplate } from '../../service/core/object-key.ts';
import { bufferHours } from './support/buffer.ts';
import { runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { renderKeyPrefix, writeObjects } from './support/s3-object.ts';
import {
  configOf,
  environmentOf,
  interpolate,
  merge,
  OVERLAYS,
  type VectorComponent,
  variablesIn,
  vrlFile,
} from './support/vector-config.ts';
import {
  firehoseSink,
  kubernetesLogs,
  reduceTransform,
  s3Sink,
  throttleTransform,
  vectorReference,
} from './support/vector-reference.ts';

/** The largest whole number that Vector's options take: no end. */
const FOR_EVER = Number('9223372036854775807');

test('every option that is set is one that Vector 0.58.0 documents', () => {
  for (const overlay of OVERLAYS) vectorReference.parse(configOf(overlay));
  const config = configOf('s3');
  const misspelt = { ...config, sinks: { ...config.sinks, s3: { ...config.sinks.s3, key_prefx: '' } } };
  assert.match(String(vectorReference.safeParse(misspelt).error), /key_prefx/);
});

const route = z.object({ route: z.record(z.string(), z.string()), reroute_unmatched: z.boolean().default(true) });

function outputsOf(name: string, component: VectorComponent): string[] {
  if (component.type !== 'route') return [name];
  const { route: routes, reroute_unmatched } = route.parse(component);
  return [...Object.keys(routes), ...(reroute_unmatched ? ['_unmatched'] : [])].map((output) => `${name}.${output}`);
}

test('every input is an output that exists, and every output goes somewhere', () => {
  for (const overlay of OVERLAYS) {
    const { sources, transforms, sinks } = configOf(overlay);
    const outputs = Object.entries({ ...sources, ...transforms }).flatMap(([name, component]) =>
      outputsOf(name, component),
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

test('pieces are read in order and joined by container, bounded by what the service takes; system namespaces are left out', () => {
  const { sources, transforms } = configOf('s3');
  const source = kubernetesLogs.parse(sources.pods);
  assert.equal(source.auto_partial_merge, false);
  assert.equal(source.oldest_first, true);
  const lines = reduceTransform.parse(transforms.lines);
  assert.deepEqual(lines.group_by, ['line_of', 'stream']);
  assert.equal(lines.ends_when, '._partial != true');
  // Runtimes cut at 16 KiB. JSON makes 6 bytes of a byte at most (\u0000); the service takes records of 32 MiB
  // (service/compose/delivery.ts).
  const piecesMax = lines.max_events ?? Number.POSITIVE_INFINITY;
  assert.ok(6 * 16 * 1024 * piecesMax < 32 * 1024 * 1024);
  const traces = reduceTransform.parse(transforms.traces);
  assert.ok(6 * 16 * 1024 * (traces.max_events ?? Number.POSITIVE_INFINITY) < 48 * 1024 * 1024);
  assert.match(source.extra_namespace_label_selector ?? '', /^kubernetes\.io\/metadata\.name notin \(kube-system,/);
  assert.match(source.extra_namespace_label_selector ?? '', /,log-distributor\/collect!=false$/);
});

/** How often a record arrives on average when Vector repeats a call as long as Firehose refuses one of its records. */
function copies(recordsInCall: number, refusedShare: number): number {
  return (1 - refusedShare) / (1 - refusedShare) ** recordsInCall;
}

test('Firehose gets calls within its limits, uncompressed JSON, repeats without end, and a line less than twice under throttling', () => {
  const config = configOf('firehose');
  const sink = firehoseSink.parse(config.sinks.firehose);
  assert.deepEqual(sink.batch, { max_events: 100, max_bytes: 4_000_000, timeout_secs: 1 });
  assert.equal(sink.compression, 'none');
  assert.equal(sink.request?.retry_attempts, FOR_EVER);
  assert.equal(sink.request_retry_partial, true);
  assert.equal(copies(sink.batch?.max_events ?? 500, 0.005).toFixed(1), '1.6');
  assert.equal(copies(500, 0.005).toFixed(0), '12');
  assert.deepEqual(Object.keys(sink.auth ?? {}), ['assume_role', 'external_id']);
});

test('S3 gets gzip NDJSON of 32 MB or 5 minutes under unique names, and everything is repeated without end', () => {
  const sink = s3Sink.parse(configOf('s3').sinks.s3);
  assert.deepEqual(sink.batch, { max_bytes: 32_000_000, timeout_secs: 300 });
  assert.equal(sink.compression, 'gzip');
  assert.deepEqual(sink.framing, { method: 'newline_delimited' });
  assert.equal(sink.filename_append_uuid, true);
  assert.deepEqual(sink.retry_strategy, { type: 'all' });
  assert.equal(sink.request?.retry_attempts, FOR_EVER);
});

const anySink = z.looseObject({ healthcheck: z.boolean().optional(), buffer: z.looseObject({}).optional() });

test('the Parquet overlay differs from the S3 overlay in what objects hold only, and its schema is the record’s', () => {
  const [parquet, s3] = (['s3-parquet', 's3'] as const).map((overlay) => s3Sink.parse(configOf(overlay).sinks.s3));
  assert.ok(parquet && s3);
  const { batch_encoding, ...rest } = parquet;
  const { framing: _, ...plain } = s3;
  const content_type = 'application/vnd.apache.parquet';
  assert.deepEqual(rest, {
    ...plain,
    filename_extension: 'parquet',
    encoding: { codec: 'text' },
    compression: 'none',
    content_type,
  });
  assert.equal(batch_encoding?.schema_file, '/etc/vector/vrl/record.schema');
  const schema = vrlFile('s3-parquet', batch_encoding.schema_file);
  const lines = schema.split('\n').map((line) => line.trim());
  const types: Readonly<Record<string, string>> = {
    string: 'optional binary NAME (STRING);',
    timestamp: 'optional int64 NAME (TIMESTAMP(MICROS,true));',
  };
  const column = (name: string, type = '') => (types[type] ?? assert.fail(type)).replace('NAME', name);
  const expected = RECORD_COLUMNS.flatMap(({ name, type }) => {
    const [, members] = /^struct<(.+)>$/.exec(type) ?? [];
    if (members === undefined) return [column(name, type)];
    const parts = members.split(',').map((member) => member.split(':'));
    return [`optional group ${name} {`, ...parts.map(([child = '', childType]) => column(child, childType)), '}'];
  });
  assert.deepEqual(lines, ['message record {', ...expected, '}', '']);
});

test('lines for Firehose are packed into records that it takes, and long ones travel alone; each arrives as it would alone', () => {
  const events = Array.from({ length: 130 }, (_, at) => podEvent(`INFO line ${at}`, { ...POD, run: at }));
  const long = podEvent('x'.repeat(20_000), { ...POD, run: 999 });
  const packs = runPipeline('firehose-aggregated', 'pods', [...events, long]).get('firehose') ?? [];
  const texts = packs.map(({ message }) => String(message));
  const counts = texts.map((text) => text.split('\n').length).sort((a, b) => b - a);
  assert.deepEqual(counts, [60, 60, 10, 1]);
  const alone = runPipeline('firehose', 'pods', [...events, long]).get('firehose') ?? [];
  const inOrder = (records: readonly unknown[]) => records.map((one) => JSON.stringify(one)).sort();
  assert.deepEqual(inOrder(texts.flatMap((text) => text.split('\n')).map((line) => JSON.parse(line))), inOrder(alone));
  const { max_events = 0 } = reduceTransform.parse(configOf('firehose-aggregated').transforms.packs);
  assert.ok(max_events * (16_000 + 1) < 1_000 * 1024);
  const [packed, plain] = (['firehose-aggregated', 'firehose'] as const).map((name) => configOf(name).sinks.firehose);
  assert.deepEqual({ ...packed, inputs: [], encoding: null }, { ...plain, inputs: [], encoding: null });
  assert.equal(max_events, LINES_PACKED);
});

test('in every overlay the tenants’ buffer is on disk and blocks, and what belongs to nobody never blocks', () => {
  for (const overlay of OVERLAYS) {
    const { sinks, healthchecks } = configOf(overlay);
    const { metrics: _, without_tenant, ...ofTenants } = sinks;
    const max_size = Number(environmentOf(overlay).BUFFER_BYTES);
    for (const sink of Object.values(ofTenants)) {
      assert.deepEqual(anySink.parse(sink).buffer, { type: 'disk', max_size, when_full: 'block' }, overlay);
    }
    assert.equal(anySink.parse(without_tenant).buffer?.when_full, 'drop_newest', overlay);
    // AWS in an outage keeps no node from collecting.
    assert.equal(healthchecks, undefined, overlay);
    if (overlay === 'local') continue;
    for (const sink of [...Object.values(ofTenants), without_tenant])
      assert.equal(anySink.parse(sink).healthcheck, false);
  }
});

test('labels and files of deleted pods are kept for longer than the buffer holds', () => {
  const { sources } = configOf('s3');
  const source = kubernetesLogs.parse(sources.pods);
  const keptHours = (source.delay_deletion_ms ?? 0) / 3_600_000;
  assert.equal((source.rotate_wait_secs ?? 0) / 3600, keptHours);
  // The table of docs/guide/kubernetes.md is for these; at half the rate the buffer holds twice as long, and blocks nothing.
  assert.ok(keptHours >= 2 * bufferHours(Number(environmentOf('s3').BUFFER_BYTES), 1000, 200));
});

test('a namespace is limited to about what Vector reads, and what is dropped is counted for its tenant', () => {
  const limit = throttleTransform.parse(configOf('s3').transforms.limit);
  assert.deepEqual(
    [limit.threshold, limit.window_secs, limit.internal_metrics?.emit_events_discarded_per_key],
    [20_000, 1, true],
  );
  assert.equal(limit.key_field, '{{ limited_as }}');
});

test('counters of losses are exported without times and outlive the five minutes after which Vector forgets a series', () => {
  const config = vectorReference.parse(configOf('s3'));
  const exporter = z
    .looseObject({ suppress_timestamp: z.boolean(), flush_period_secs: z.number() })
    .parse(config.sinks.metrics);
  assert.equal(exporter.suppress_timestamp, true);
  assert.ok(exporter.flush_period_secs >= 86_400);
  const [kept] = config.expire_metrics_per_metric_set ?? [];
  assert.ok(kept?.name.type === 'regex' && kept.expire_secs > 365 * 86_400);
  const pattern = new RegExp(kept.name.pattern);
  for (const name of ['component_discarded_events_total', 'component_errors_total', 'events_discarded_total']) {
    assert.match(name, pattern);
  }
  // Series of single pods may come without end.
  assert.doesNotMatch('component_received_events_total', pattern);
});

test('the keys of both S3 overlays are those that the service reads a tenant from', () => {
  const { objectKeyTemplate } = readSettings({ SQS_QUEUE_URL: 'http://queue/q', DLQ_URL: 'http://queue/d' });
  const template = compileKeyTemplate(objectKeyTemplate);
  const [s3, local] = [configOf('s3'), configOf('local')].map(({ sinks }) => s3Sink.parse(sinks.s3));
  assert.equal(s3?.key_prefix, local?.key_prefix);
  // A literal beginning is what Vector demands of a template since 0.57.
  assert.ok(s3?.key_prefix?.startsWith(template.literalPrefix));

  const records = runPipeline('s3', 'pods', [
    podEvent('2026-11-22T01:59:59Z late'),
    podEvent('hello', { ...POD, run: 1 }),
    podEvent('hello', { ...POD, run: 2, namespaceLabels: { 'log-distributor/tenant': 'a.b-c_d' } }),
  ]).get('s3');
  const objects = writeObjects('s3', records ?? [], 1_795_400_000_999);
  assert.deepEqual(
    objects.map(({ key }) => template.parse(key).tenant_id),
    // The late record lies with the others of its tenant: one open batch for each.
    ['acme-corp', 'a.b-c_d'],
  );
  assert.match(
    objects[0]?.key ?? '',
    /^logs\/tenant_id=acme-corp\/cluster_id=eks-eu-1\/environment=production\/year=2026\/month=11\/day=23\/hour=02\/1795400000-[0-9a-f-]{36}\.log\.gz$/,
  );
  assert.throws(() => renderKeyPrefix('{{ nobody }}', {}), /no nobody/);
});

test('the page on Kubernetes says how long a buffer of each size holds', () => {
  const page = readFileSync(new URL('../../docs/guide/kubernetes.md', import.meta.url), 'utf8');
  const [, head = '', body = ''] = /^\| lines a second on a node \|(.*)\n\|[-|]+\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const sizes = [...head.matchAll(/(\d+) GiB/g)].map(([, gib]) => Number(gib) * 1024 ** 3);
  const rows = body.trim().split('\n');
  assert.ok(sizes.length === 4 && rows.length === 5);
  for (const row of rows) {
    const [rate = '', ...hours] = row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const lines = Number(rate.replace(',', ''));
    assert.deepEqual(
      hours,
      sizes.map((bytes) => `${bufferHours(bytes, lines, 200).toFixed(1)} h`),
      rate,
    );
  }
});
