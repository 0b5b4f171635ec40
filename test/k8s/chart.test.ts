import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { lintChart, renderChart, withoutHelm } from './support/helm.ts';
import { type KubernetesObject, pathOf, render, renderWith, withoutKubectl } from './support/kustomize.ts';

const skip = withoutHelm ?? withoutKubectl;

/** Objects by kind and name, without what the two ways must do differently. */
function comparable(objects: readonly KubernetesObject[]): Record<string, unknown> {
  // Kustomize ends the names of ConfigMaps with a hash; Helm makes an annotation of it.
  const text = JSON.stringify(objects).replace(
    /"((?:vector-(?:config|vrl|settings|dashboard)|distributor-settings))-[0-9a-z]{10}"/g,
    '"$1"',
  );
  const parsed: KubernetesObject[] = JSON.parse(text, (key, value) => {
    // Kustomize folds long expressions anew; white space means nothing in them.
    if (typeof value === 'string' && /^(expr|expression|messageExpression)$/.test(key))
      return value.replace(/\s+/g, ' ');
    return key === 'annotations' && value !== null ? withoutChecksum(value) : value;
  });
  // Namespaces are Helm's own business (--create-namespace).
  const compared = parsed.filter(({ kind }) => kind !== 'Namespace');
  return Object.fromEntries(compared.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
}

/** undefined when nothing is left, so that the member goes. */
function withoutChecksum(annotations: Record<string, string>): Record<string, string> | undefined {
  const { 'checksum/config': _, ...rest } = annotations;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

for (const overlay of ['firehose', 'firehose-aggregated', 's3', 's3-parquet']) {
  test(`the chart makes the objects that kustomize makes: ${overlay}`, { skip }, () => {
    const values = { 'collectors.enabled': 'true', 'collectors.overlay': overlay };
    const ours = comparable(renderChart('log-collection', values));
    assert.deepEqual(ours, comparable(render(pathOf(`vector/overlays/${overlay}`))));
    assert.equal(Object.keys(ours).length, 8);
  });
}

test('the chart makes the objects that kustomize makes: components', { skip }, () => {
  const switches = ['podMonitor', 'alerts', 'networkPolicy', 'admissionPolicy'];
  const values = Object.fromEntries(switches.map((name) => [`collectors.${name}`, 'true']));
  const components = ['pod-monitor', 'alerts', 'network-policy', 'admission-policy'];
  assert.deepEqual(
    comparable(renderChart('log-collection', { 'collectors.enabled': 'true', ...values })),
    comparable(
      renderWith(
        'vector/overlays/s3',
        components.map((name) => `vector/components/${name}`),
      ),
    ),
  );
});

test('the chart makes the objects that kustomize makes: the distributor', { skip }, () => {
  assert.deepEqual(
    comparable(renderChart('log-distributor', { 'distributor.enabled': 'true' })),
    comparable(render(pathOf('distributor'))),
  );
});

test('the chart makes the objects that kustomize makes: EKS Pod Identity', { skip }, () => {
  for (const [release, rendering, component] of [
    ['collectors', 'vector/overlays/s3', 'vector/components/pod-identity'],
    ['distributor', 'distributor', 'distributor/components/pod-identity'],
  ] as const) {
    const values = { [`${release}.enabled`]: 'true', [`${release}.podIdentity`]: 'true' };
    const namespace = release === 'collectors' ? 'log-collection' : 'log-distributor';
    assert.deepEqual(comparable(renderChart(namespace, values)), comparable(renderWith(rendering, [component])));
  }
});

test('values reach settings, the roles, the scaler and the namespace', { skip }, () => {
  const role = 'arn:aws:iam::123456789012:role/other';
  const collectors = JSON.stringify(
    renderChart('logs', {
      'collectors.enabled': 'true',
      'collectors.admissionPolicy': 'true',
      'collectors.settings.CLUSTER_ID': 'eks-us-7',
      'collectors.settings.COLLECTOR_ROLE_ARN': role,
    }),
  );
  assert.equal(collectors.match(/"CLUSTER_ID":"eks-us-7"/g)?.length, 2);
  assert.ok(collectors.includes(`"eks.amazonaws.com/role-arn":"${role}"`));
  assert.doesNotMatch(collectors, /"namespace":"log-collection"/);
  const distributor = JSON.stringify(
    renderChart('delivery', {
      'distributor.enabled': 'true',
      'distributor.roleArn': role,
      'distributor.settings.SQS_QUEUE_URL': 'https://queue/q',
      'distributor.prometheusAddress': 'http://prometheus',
    }),
  );
  assert.ok(distributor.includes('"SQS_QUEUE_URL":"https://queue/q"') && distributor.includes(role));
  assert.equal(distributor.match(/"serverAddress":"http:\/\/prometheus"/g)?.length, 3);
});

test('a changed setting replaces the pods, and an unknown value is refused by name', { skip }, () => {
  const sums = ['a', 'b', 'b'].map((id) => {
    const objects = renderChart('x', { 'collectors.enabled': 'true', 'collectors.settings.CLUSTER_ID': id });
    return /"checksum\/config":"([0-9a-f]{64})"/.exec(JSON.stringify(objects))?.[1];
  });
  assert.ok(sums[0] && sums[0] !== sums[1] && sums[1] === sums[2]);
  assert.throws(() => renderChart('x', { 'collectors.overlai': 's3' }), /overlai/);
  assert.throws(() => renderChart('x', { 'collectors.overlay': 'kafka' }), /overlay/);
});

test('helm lint is content', { skip }, () => {
  const { ok, output } = lintChart();
  assert.ok(ok, output);
});

test('the images of the chart are those of the kustomizations', () => {
  const images = z.object({
    images: z.array(z.object({ newName: z.string().optional(), newTag: z.string(), name: z.string() })),
  });
  const image = z.looseObject({ image: z.object({ repository: z.string(), tag: z.string() }) });
  const read = (path: string): unknown => parse(readFileSync(pathOf(path), 'utf8'));
  const values = z.object({ collectors: image, distributor: image }).parse(read('chart/values.yaml'));
  for (const [path, chosen] of [
    ['vector/base/kustomization.yaml', values.collectors.image],
    ['distributor/kustomization.yaml', values.distributor.image],
  ] as const) {
    const [{ newName, newTag, name } = { name: '', newTag: '', newName: undefined }] = images.parse(read(path)).images;
    assert.deepEqual(chosen, { repository: newName ?? name, tag: newTag });
  }
});
