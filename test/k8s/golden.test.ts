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
function recordOf({ line, runtime, time, level, record }: GoldenLine): Event {
  return {
    application: 'checkout',
    cluster_id: 'eks-eu-1',
    customer_tenant: 'acme-corp',
    environment: 'production',
    file: logFile(POD),
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
    // One run of each line by itself: what arrives where must not depend on its neighbours.
    const arrived = lines.map((line) => runPipeline('s3', 'pods', [goldenEvent(line)]));
    for (const [at, line] of lines.entries()) {
      const expected =
        line.record === null ? { s3: [], without_tenant: 1 } : { s3: [recordOf(line)], without_tenant: 0 };
      const got = { s3: arrived[at]?.get('s3') ?? [], without_tenant: arrived[at]?.get('without_tenant')?.length ?? 0 };
      assert.deepEqual(got, expected, line.what);
    }
  });
}

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
  const { cluster, identity, records } = configOf('s3').transforms;
  assert.ok(cluster && identity && records);
  let events = goldens.flatMap(({ lines }) => lines.map((line) => goldenEvent(line)));
  for (const transform of [cluster, identity, records]) {
    const program = programOf('s3', transform);
    const together = runVrl(program, events);
    const alone = events.slice(0, 25).flatMap((event) => runVrl(program, [event]));
    assert.deepEqual(alone, together.slice(0, 25));
    events = together.flat();
  }
});

test('records without a tenant are counted by namespace on their way to the dead end', () => {
  const event = podEvent('hello', { ...POD, namespace: 'unclaimed', namespaceLabels: {} });
  const arrived = runPipeline('s3', 'pods', [event, podEvent('hello')]);
  assert.equal(arrived.get('without_tenant')?.length, 1);
  assert.deepEqual(
    arrived
      .get('without_tenant_count')
      ?.map(({ kubernetes }) => z.object({ pod_namespace: z.string() }).parse(kubernetes)),
    [{ pod_namespace: 'unclaimed' }],
  );
  assert.equal(arrived.get('s3')?.length, 1);
});
