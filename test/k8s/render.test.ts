import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeErrors, violation } from './support/kubernetes-schema.ts';
import { type KubernetesObject, renderWith, withoutKubectl } from './support/kustomize.ts';
import { securityContextConstraints } from './support/openshift-schema.ts';
import { COMPONENTS, OVERLAYS, renderings } from './support/renderings.ts';

test('every kustomization, and every overlay with every component, renders to valid objects', {
  skip: withoutKubectl,
}, async () => {
  const rendered = renderings();
  assert.ok(OVERLAYS.length === 6 && COMPONENTS.length === 10);
  // Many renderings share most of their objects; each text is checked once.
  const objects = new Map([...rendered.values()].flat().map((object) => [JSON.stringify(object), object]));
  const known: KubernetesObject[] = [];
  for (const object of objects.values()) {
    if (object.kind === 'SecurityContextConstraints') securityContextConstraints.parse(object);
    else known.push(object);
  }
  for (const object of known) assert.equal(await violation(object), undefined, object.metadata.name);
  assert.deepEqual(await typeErrors(known), []);
});

test('objects that break their schema are found', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'x', image: 'x', resources: { limits: { memory: '1Gi' } } }] },
  };
  assert.equal(await violation(pod), undefined);
  assert.deepEqual(await typeErrors([pod]), []);
  const [container] = pod.spec.containers;
  const misspelt = { ...pod, spec: { containers: [{ ...container, imagePulPolicy: 'Always' }] } };
  assert.match((await typeErrors([misspelt])).join(), /Pod x.*imagePulPolicy/);
  const wrong = { ...pod, spec: { containers: [{ ...container, ports: [{ containerPort: 'http' }] }] } };
  assert.match(String(await violation(wrong)), /containerPort must be integer/);
  const scaled = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'y' },
    spec: { scaleTargetRef: { name: 'y' }, triggers: [], poolingInterval: 3 },
  };
  assert.match((await typeErrors([pod, scaled])).join(), /ScaledObject y.*poolingInterval/);
});

test('OpenShift and non-root are refused together, and leave nothing behind that says so', {
  skip: withoutKubectl,
}, () => {
  const folder = (name: string) => `vector/components/${name}`;
  assert.throws(
    () => renderWith('vector/overlays/s3', [folder('openshift'), folder('non-root')]),
    /either-openshift-or-non-root/,
  );
  for (const name of ['openshift', 'non-root']) {
    const names = renderWith('vector/overlays/s3', [folder(name)]).map(({ metadata }) => metadata.name);
    assert.ok(!names.includes('either-openshift-or-non-root'));
  }
});
