import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { bufferHours } from './support/buffer.ts';
import { find, pathOf, render, renderWith, withoutKubectl } from './support/kustomize.ts';
import { runConfig, runPipeline } from './support/pipeline.ts';
import { POD, podEvent } from './support/pod-event.ts';
import { configOf, environmentOf, merge, type VectorConfig, variablesIn } from './support/vector-config.ts';
import { vectorReference, vectorSink, vectorSource } from './support/vector-reference.ts';
import { configMapData, environmentOf as environmentOfContainer, workloads } from './support/workload.ts';

const FOLDER = 'vector/overlays/aggregator';
const textOf = (file: string) => readFileSync(pathOf(file), 'utf8');
const AGENT_FILES = ['vector/base/vector.yaml', `${FOLDER}/agent.yaml`];
const AGGREGATOR_FILES = [`${FOLDER}/aggregator.yaml`, 'vector/overlays/s3/sink.yaml'];
const agent = merge(AGENT_FILES.map(textOf), environmentOf('s3'));
const aggregator = merge(AGGREGATOR_FILES.map(textOf), environmentOf('s3'));

/** Every input of transforms and sinks, with the outputs of routes by the component. */
function dangling({ sources, transforms, sinks }: VectorConfig): string[] {
  const names = new Set([...Object.keys(sources), ...Object.keys(transforms)]);
  const inputs = Object.values({ ...transforms, ...sinks }).flatMap((one) => one.inputs);
  return inputs.filter((input) => !names.has(input.split('.')[0] ?? ''));
}

test('both configurations are ones that Vector takes', () => {
  for (const config of [agent, aggregator]) {
    vectorReference.parse(config);
    assert.deepEqual(dangling(config), []);
  }
});

test('what an agent sends, an aggregator gives to the sinks of the overlay s3, and each record goes where it went before', () => {
  const events = [podEvent('INFO hello'), podEvent('whose?', { ...POD, run: 1, namespaceLabels: {} })];
  const sent = runConfig(agent, 's3', 'pods', events).get('aggregators') ?? [];
  assert.equal(sent.length, 2);
  const stored = runConfig(aggregator, 's3', 'agents', sent);
  const direct = runPipeline('s3', 'pods', events);
  for (const sink of ['s3', 'without_tenant']) {
    assert.equal(stored.get(sink)?.length, 1);
    assert.deepEqual(stored.get(sink), direct.get(sink));
  }
  const { sinks } = configOf('s3');
  assert.deepEqual([aggregator.sinks.s3, aggregator.sinks.without_tenant], [sinks.s3, sinks.without_tenant]);
});

test('an agent keeps a record until an aggregator has it on disk, and repeats without end', () => {
  const sink = vectorSink.parse(agent.sinks.aggregators);
  const { max_size, ...buffer } = sink.buffer?.type === 'disk' ? sink.buffer : { max_size: 0 };
  assert.deepEqual(buffer, { type: 'disk', when_full: 'block' });
  assert.ok(max_size > 0);
  assert.equal(sink.request?.retry_attempts, Number('9223372036854775807'));
  assert.equal(sink.healthcheck, false);
  // Answers wait for the sinks, whose buffers are on disk.
  assert.deepEqual(vectorReference.parse(aggregator).acknowledgements, { enabled: true });
});

test('nothing on the nodes names AWS or has an identity there', { skip: withoutKubectl }, () => {
  const names = AGENT_FILES.flatMap((file) => variablesIn(textOf(file)));
  assert.deepEqual(
    names.filter((name) => /^(AWS|WRITER|LOG_BUCKET)/.test(name)),
    [],
  );
  const roleOf = (account: string, components: readonly string[]) =>
    z
      .record(z.string(), z.string())
      .default({})
      .parse(find(renderWith(FOLDER, components), 'ServiceAccount', account).metadata.annotations)[
      'eks.amazonaws.com/role-arn'
    ];
  assert.equal(roleOf('vector', []), undefined);
  assert.match(roleOf('vector-aggregator', []) ?? '', /^arn:aws:iam::\d{12}:role\//);
  assert.equal(roleOf('vector-aggregator', ['vector/components/pod-identity']), undefined);
});

test('agents find the aggregators, who take connections from agents and from Prometheus only', {
  skip: withoutKubectl,
}, () => {
  const objects = renderWith(FOLDER, ['vector/components/network-policy']);
  const set = workloads(objects).find(({ kind }) => kind === 'StatefulSet');
  const labels = set?.spec.template.metadata.labels;
  const ports = set?.spec.template.spec.containers[0]?.ports ?? [];
  const service = z
    .object({
      selector: z.record(z.string(), z.string()),
      ports: z.tuple([z.object({ port: z.number(), targetPort: z.string() })]),
    })
    .parse(find(objects, 'Service', 'vector-aggregator').spec);
  assert.equal(labels?.['app.kubernetes.io/name'], service.selector['app.kubernetes.io/name']);
  const url = new URL(vectorSink.parse(agent.sinks.aggregators).address);
  assert.deepEqual([url.hostname, Number(url.port)], ['vector-aggregator', service.ports[0].port]);
  const listened = Number(vectorSource.parse(aggregator.sources.agents).address.split(':')[1]);
  assert.equal(ports.find(({ name }) => name === service.ports[0].targetPort)?.containerPort, listened);

  const peer = z.looseObject({ podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }).optional() });
  const port = z.looseObject({ port: z.union([z.string(), z.number()]) });
  const policy = z.object({
    ingress: z.array(z.object({ from: z.array(peer), ports: z.array(port) })),
    egress: z.array(z.object({ to: z.array(peer).default([]), ports: z.array(port) })),
  });
  const { ingress } = policy.parse(find(objects, 'NetworkPolicy', 'vector-aggregator').spec);
  assert.deepEqual(
    ingress.map((rule) => [
      rule.from.map(({ podSelector }) => podSelector?.matchLabels),
      rule.ports.map((one) => one.port),
    ]),
    [
      [[{ 'app.kubernetes.io/name': 'vector' }], ['agents']],
      [[{ 'app.kubernetes.io/name': 'prometheus' }], ['metrics']],
    ],
  );
  // The component for agents lets them out to the aggregators.
  const { egress } = policy.parse(find(objects, 'NetworkPolicy', 'vector').spec);
  const out = egress.filter(({ to }) =>
    to.some(({ podSelector }) => podSelector?.matchLabels['app.kubernetes.io/name'] === 'vector-aggregator'),
  );
  assert.deepEqual(
    out.map(({ ports: open }) => open.map((one) => one.port)),
    [[listened]],
  );
});

test('an aggregator reads its own files, every variable has a value, and its buffers fit its disk', {
  skip: withoutKubectl,
}, () => {
  const objects = render(pathOf(FOLDER));
  const config = configMapData(objects, find(objects, 'ConfigMap', /^vector-config-/).metadata.name);
  const read = workloads(objects).map(({ kind, spec }) => {
    const [container] = spec.template.spec.containers;
    assert.ok(container);
    const patterns = container.args.filter((argument) => argument !== '--config');
    const files = Object.keys(config).filter((name) =>
      patterns.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(`/etc/vector/config/${name}`),
      ),
    );
    const environment = environmentOfContainer(container, objects);
    for (const name of files.flatMap((file) => variablesIn(config[file] ?? ''))) {
      assert.ok(environment[name] || name === 'CLUSTERS', `${kind}: ${name}`);
    }
    return [kind, files.sort(), Number(environment.BUFFER_BYTES)] as const;
  });
  const [daemonSet, statefulSet] = ['DaemonSet', 'StatefulSet'].map((kind) => read.find(([one]) => one === kind));
  assert.deepEqual(daemonSet?.[1], ['agent.yaml', 'vector.yaml']);
  assert.deepEqual(statefulSet?.[1], ['aggregator.yaml', 'sink.yaml']);
  const claims = z
    .object({
      spec: z.object({
        volumeClaimTemplates: z.tuple([
          z.object({ spec: z.object({ resources: z.object({ requests: z.object({ storage: z.string() }) }) }) }),
        ]),
      }),
    })
    .parse(find(objects, 'StatefulSet', 'vector-aggregator'));
  const diskBytes =
    Number.parseInt(claims.spec.volumeClaimTemplates[0].spec.resources.requests.storage, 10) * 1024 ** 3;
  const withoutTenant = z
    .looseObject({ buffer: z.looseObject({ max_size: z.number() }) })
    .parse(aggregator.sinks.without_tenant);
  const bufferBytes = statefulSet?.[2] ?? 0;
  // A tenth is left for file systems and for data files that are read out.
  assert.ok(bufferBytes + withoutTenant.buffer.max_size < 0.9 * diskBytes);
  // As the comment of the StatefulSet and the guide say.
  assert.equal(Math.floor(bufferHours(bufferBytes, 1000, 200)), 18);
});

test('the guide’s table of aggregators has the right numbers of objects', () => {
  const page = readFileSync(new URL('../../docs/guide/kubernetes.md', import.meta.url), 'utf8');
  const [, nodes, tenants, direct, aggregated] =
    /([\d,]+) nodes with ([\d,]+) tenants on each: ([\d,]+) objects an hour without aggregators, ([\d,]+) with two/.exec(
      page,
    ) ?? [];
  const numbers = [nodes, tenants, direct, aggregated].map((text) => Number(text?.replaceAll(',', '')));
  const [nodeCount = 0, tenantCount = 0] = numbers;
  // An object for each open batch every 300 s.
  assert.deepEqual(numbers.slice(2), [nodeCount * tenantCount * 12, 2 * tenantCount * 12]);
});
