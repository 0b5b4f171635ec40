import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type GoldenLine, goldenEvent, readGolden } from './support/golden.ts';
import { programOf, runPipeline } from './support/pipeline.ts';
import { INGEST_TIME, logFile, POD, podEvent } from './support/pod-event.ts';
import { configOf } from './support/vector-config.ts';
import { type Event, runVrl } from './support/vrl.ts';

const goldens = readGolden();

/** The whole record, every member of the contract, in the order in which Vector writes them. */
function recordOf({ line, runtime, time, level, record }: GoldenLine, run: number): Event {
  return {
    application: 'checkout',
    cluster_id: 'eks-eu-1',
    customer_tenant: 'acme-corp',
    environment: 'production',
    file: logFile({ ...POD, run }),
    ingest_timestamp: INGEST_TIME,
    kubernetes: {
      container_name: POD.container,
      namespace: POD.namespace,
      node_name: 'ip-10-0-1-17.ec2.internal',
      pod_name: POD.pod,
    },
    ...(level === undefined ? {} : { log_level: level }),
    message: line,
    source_type: 'kubernetes_logs',
    timestamp: time ?? runtime,
    ...record,
  };
}

for (const { file, lines } of goldens) {
  test(`golden lines become records of the contract: ${file}, ${lines.length} lines`, () => {
    // Each in a file of its own: what arrives where must not depend on its neighbours.
    const arrived = runPipeline(
      's3',
      'pods',
      lines.map((line, run) => goldenEvent(line, run)),
    );
    const byFile = (sink: string) => new Map(arrived.get(sink)?.map((record) => [record.file, record]));
    const [ofTenant, without] = [byFile('s3'), byFile('without_tenant')];
    for (const [run, line] of lines.entries()) {
      const name = logFile({ ...POD, run });
      if (line.record === null) {
        assert.deepEqual([ofTenant.get(name), without.has(name)], [undefined, true], line.what);
      } else {
        assert.deepEqual([ofTenant.get(name), without.has(name)], [recordOf(line, run), false], line.what);
      }
    }
    assert.equal(ofTenant.size + without.size, lines.length);
  });
}

test('the golden lines are at least 300 shapes of what programs write', () => {
  const shapes = goldens.filter(({ file }) => file !== 'identity.yaml').flatMap(({ lines }) => lines);
  assert.ok(new Set(shapes.map(({ line }) => line)).size >= 285);
  assert.ok(goldens.flatMap(({ lines }) => lines).length >= 300);
});

test('every golden line has a title of its own', () => {
  for (const { file, lines } of goldens) {
    const titles = lines.map(({ what }) => what);
    assert.deepEqual(titles, [...new Set(titles)], file);
  }
});

test('records have their members in the order of the alphabet, as Vector writes them', () => {
  const [record] = runPipeline('s3', 'pods', [podEvent('INFO hello')]).get('s3') ?? [];
  assert.deepEqual(Object.keys(record ?? {}), Object.keys(record ?? {}).sort());
});

test('a program gives the same for one event as among many', () => {
  const { cluster, identity, starts, levels, record } = configOf('s3').transforms;
  assert.ok(cluster && identity && starts && levels && record);
  let events = goldens.flatMap(({ lines }) => lines.map((line, run) => goldenEvent(line, run)));
  for (const transform of [cluster, identity, starts, levels, record]) {
    const program = programOf('s3', transform);
    const together = runVrl(program, events);
    const alone = events.slice(0, 25).flatMap((event) => runVrl(program, [event]));
    assert.deepEqual(alone, together.slice(0, 25));
    events = together.flat();
  }
});

test('records without a tenant are counted by namespace and reason, and kept as they are', () => {
  const unclaimed = { ...POD, namespace: 'unclaimed', namespaceLabels: {} };
  const arrived = runPipeline('s3', 'pods', [podEvent('hello', unclaimed), podEvent('hello')]);
  const [record] = arrived.get('without_tenant') ?? [];
  assert.deepEqual(arrived.get('without_tenant_count'), [record]);
  assert.deepEqual(
    [record?.message, record?.without_tenant, z.object({ namespace: z.string() }).parse(record?.kubernetes).namespace],
    ['hello', 'namespace-unlabelled', 'unclaimed'],
  );
  assert.equal('customer_tenant' in (record ?? {}), false);
  assert.equal(arrived.get('s3')?.length, 1);
});

/** What is left of an event when the API server no longer knows the pod, or even the namespace (Vector 0.58). */
function orphan(podLabels: boolean, namespaceLabels: Readonly<Record<string, string>> | undefined): Event {
  const { kubernetes, ...event } = podEvent('hello');
  const { pod_labels, namespace_labels: _, pod_node_name: __, ...rest } = z.looseObject({}).parse(kubernetes);
  return {
    ...event,
    kubernetes: {
      ...rest,
      ...(podLabels ? { pod_labels } : {}),
      ...(namespaceLabels ? { namespace_labels: namespaceLabels } : {}),
    },
  };
}

test('a record whose pod is no longer known gets its tenant from the label of the namespace', () => {
  const [record] = runPipeline('s3', 'pods', [orphan(false, POD.namespaceLabels)]).get('s3') ?? [];
  assert.deepEqual([record?.customer_tenant, record?.application], ['acme-corp', 'server']);
});

test('where neither says whose record it is, it goes where it can be redriven from, with the reason', () => {
  const shared = { 'log-distributor/tenant-from': 'pod' };
  const events = [orphan(false, shared), orphan(true, shared), orphan(false, undefined), orphan(true, {})];
  const arrived = runPipeline(
    's3',
    'pods',
    events.map((event, run) => ({ ...event, file: logFile({ ...POD, run }) })),
  );
  assert.deepEqual(
    arrived.get('without_tenant')?.map(({ without_tenant }) => without_tenant),
    ['pod-unknown', 'pod-unlabelled', 'namespace-unknown', 'namespace-unlabelled'],
  );
  assert.equal(arrived.get('s3'), undefined);
});

test('an event without any metadata has namespace, pod and container from the path of its file', () => {
  const { kubernetes: _, ...event } = podEvent('hello');
  const [record] = runPipeline('s3', 'pods', [event]).get('without_tenant') ?? [];
  assert.deepEqual(record?.kubernetes, {
    namespace: POD.namespace,
    pod_name: POD.pod,
    container_name: POD.container,
  });
});
