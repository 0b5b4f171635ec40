import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { find, pathOf, renderWith, withoutKubectl } from './support/kustomize.ts';
import { programOf, runPipeline } from './support/pipeline.ts';
import { INGEST_TIME, POD, podEvent, RUNTIME_TIME } from './support/pod-event.ts';
import { configOf, environmentOf, variablesIn } from './support/vector-config.ts';
import { vectorReference } from './support/vector-reference.ts';
import { diagnose, type Event, runVrl } from './support/vrl.ts';
import { workloads } from './support/workload.ts';

/** A line of a node, and what must become of it. */
const lines = z
  .array(
    z.strictObject({
      what: z.string(),
      event: z.looseObject({
        source_type: z.enum(['journald', 'file']),
        message: z.string(),
        file: z.string().optional(),
      }),
      application: z.string(),
      level: z.string().optional(),
      time: z.string().default(RUNTIME_TIME),
    }),
  )
  .parse(parse(readFileSync(new URL('host/lines.yaml', import.meta.url), 'utf8')));

/** The source of an event, by what it gives. */
function sourceOf({ source_type, file }: { readonly source_type: string; readonly file?: string | undefined }): string {
  if (source_type === 'journald') return 'journal';
  return file?.includes('kube') ? 'audit_files' : 'host_files';
}

test('lines of the journal, of host files and of the API server become records of the platform’s tenant', () => {
  for (const { what, event, application, level, time } of lines) {
    const given = { ...event, host: 'ip-10-0-1-17', timestamp: RUNTIME_TIME };
    const arrived = runPipeline('s3', sourceOf(event), [given], ['host']);
    const [record, ...others] = arrived.get('s3') ?? [];
    const { ingest_timestamp, ...rest } = record ?? {};
    assert.deepEqual(
      rest,
      {
        application,
        cluster_id: 'eks-eu-1',
        customer_tenant: 'platform',
        environment: 'production',
        ...(event.file === undefined ? {} : { file: event.file }),
        kubernetes: { node_name: 'ip-10-0-1-17.ec2.internal' },
        ...(level === undefined ? {} : { log_level: level }),
        message: event.message,
        source_type: event.source_type,
        timestamp: time,
      },
      what,
    );
    assert.ok(Number.isFinite(Date.parse(String(ingest_timestamp))), what);
    assert.deepEqual([others, arrived.get('without_tenant')], [[], undefined], what);
  }
  assert.ok(lines.length >= 16);
});

test('lines of pods become what they become without the component', () => {
  const events = [podEvent('INFO hello'), podEvent('hello', { ...POD, run: 1, namespaceLabels: {} })];
  for (const overlay of ['s3', 'firehose'] as const) {
    assert.deepEqual(runPipeline(overlay, 'pods', events, ['host']), runPipeline(overlay, 'pods', events));
  }
});

test('the configuration with the component is one that Vector takes, and every variable has a value', () => {
  const config = configOf('s3', undefined, ['host']);
  vectorReference.parse(config);
  assert.deepEqual(config.transforms.limit?.inputs, ['lines', 'host_lines']);
  const text = readFileSync(pathOf('vector/components/host/host.yaml'), 'utf8');
  const environment = environmentOf('s3', ['host']);
  for (const name of variablesIn(text)) assert.ok(environment[name], name);
  assert.throws(() => configOf('s3', { ...environment, PLATFORM_TENANT: '' }, ['host']), /PLATFORM_TENANT is not set/);
  const program = config.transforms.host_lines;
  assert.ok(program);
  assert.deepEqual(diagnose(programOf('s3', program)), []);
});

test('a flood of a node’s unit is limited as that unit, apart from tenants’ namespaces', () => {
  const { host_cluster, host_lines } = configOf('s3', undefined, ['host']).transforms;
  assert.ok(host_cluster && host_lines);
  const event: Event = {
    source_type: 'journald',
    message: 'x',
    _SYSTEMD_UNIT: 'kubelet.service',
    timestamp: INGEST_TIME,
  };
  const [[first] = []] = runVrl(programOf('s3', host_cluster), [event]);
  const [[second] = []] = runVrl(programOf('s3', host_lines), [first ?? {}]);
  assert.deepEqual([second?.limited_as, second?.multiline], ['platform/kubelet', false]);
});

test('the pod sees the host’s logs and journal, read-only, and has journalctl', { skip: withoutKubectl }, () => {
  const objects = renderWith('vector/overlays/s3', ['vector/components/host']);
  const [daemonSet] = workloads(objects);
  const container = daemonSet?.spec.template.spec.containers[0];
  const mounts = container?.volumeMounts.filter(({ mountPath }) => mountPath.startsWith('/host/')) ?? [];
  assert.deepEqual(
    mounts.map(({ mountPath, readOnly }) => [mountPath, readOnly]),
    [
      ['/host/var/log', true],
      ['/host/run/log', true],
    ],
  );
  assert.match(JSON.stringify(daemonSet), /timberio\/vector:0\.58\.0-debian/);
  const settings = z.record(z.string(), z.string()).parse(find(objects, 'ConfigMap', /^vector-settings-/).data);
  const lists = [settings.HOST_FILES, settings.AUDIT_FILES].map((list) => z.array(z.string()).parse(parse(list ?? '')));
  for (const path of [settings.JOURNAL_DIRECTORY ?? '', ...lists.flat()]) {
    const mounted = mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`));
    assert.ok(mounted, path);
  }
  // Vector reads all files of the folder.
  const config = z.record(z.string(), z.string()).parse(find(objects, 'ConfigMap', /^vector-config-/).data);
  assert.deepEqual(Object.keys(config).sort(), ['host.yaml', 'sink.yaml', 'vector.yaml']);
});
