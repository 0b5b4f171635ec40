import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type KubernetesObject, renderWith, withoutKubectl } from './support/kustomize.ts';
import { configMapData } from './support/workload.ts';

const POLICY = 'vector/components/admission-policy';

const policy = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    failurePolicy: z.enum(['Fail', 'Ignore']),
    paramKind: z.strictObject({ apiVersion: z.literal('v1'), kind: z.literal('ConfigMap') }).optional(),
    matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]),
    variables: z.array(z.strictObject({ name: z.string(), expression: z.string() })).default([]),
    validations: z.array(z.looseObject({ expression: z.string(), messageExpression: z.string().optional() })),
  }),
});
const binding = z.looseObject({
  spec: z.looseObject({
    policyName: z.string(),
    paramRef: z
      .looseObject({ name: z.string(), namespace: z.string(), parameterNotFoundAction: z.literal('Allow') })
      .optional(),
    validationActions: z.array(z.string()),
  }),
});

const ofKind = (objects: readonly KubernetesObject[], kind: string) => objects.filter((object) => object.kind === kind);

test('the policies judge labels by what settings.env lists, and each is bound', { skip: withoutKubectl }, () => {
  const objects = renderWith('vector/overlays/s3', [POLICY]);
  assert.deepEqual(configMapData(objects, 'label-values'), {
    CLUSTER_ID: 'eks-eu-1',
    CLUSTERS: '',
    ENVIRONMENT: 'production',
    ENVIRONMENTS: 'production,staging,test,development',
  });
  const policies = ofKind(objects, 'ValidatingAdmissionPolicy').map((object) => policy.parse(object));
  const bindings = ofKind(objects, 'ValidatingAdmissionPolicyBinding').map((object) => binding.parse(object));
  assert.deepEqual(
    bindings.map(({ spec }) => spec.policyName).sort(),
    policies.map(({ metadata }) => metadata.name).sort(),
  );
  for (const { metadata, spec } of policies) {
    const bound = bindings.find(({ spec: { policyName } }) => policyName === metadata.name);
    const expressions = [...spec.variables, ...spec.validations, ...spec.matchConditions].flatMap((one) => [
      one.expression,
      ...('messageExpression' in one && one.messageExpression ? [one.messageExpression] : []),
    ]);
    // A policy that asks for parameters has them, and one that refuses says so to the auditor too.
    const asks = expressions.some((expression) => expression.includes('params.'));
    assert.deepEqual([asks, asks], [spec.paramKind !== undefined, bound?.spec.paramRef !== undefined], metadata.name);
    if (bound?.spec.paramRef) {
      assert.deepEqual([bound.spec.paramRef.name, bound.spec.paramRef.namespace], ['label-values', 'log-collection']);
    }
    // Every variable that is used exists, and every one that exists is used.
    const used = expressions.flatMap((text) => [...text.matchAll(/\bvariables\.(\w+)/g)].map(([, name]) => name));
    assert.deepEqual(new Set(used), new Set(spec.variables.map(({ name }) => name)), metadata.name);
  }
});

test('the policies speak of labels that the collectors read', { skip: withoutKubectl }, () => {
  const text = JSON.stringify(ofKind(renderWith('vector/overlays/s3', [POLICY]), 'ValidatingAdmissionPolicy'));
  const named = new Set([...text.matchAll(/'(log-distributor\/[a-z-]+)'/g)].map(([, label]) => label));
  assert.deepEqual(
    [...named].sort(),
    ['cluster', 'collect', 'environment', 'identity-from', 'tenant', 'tenant-from'].map(
      (name) => `log-distributor/${name}`,
    ),
  );
});
