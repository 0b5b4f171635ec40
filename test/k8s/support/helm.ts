import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { type KubernetesObject, kubernetesObject, pathOf } from './kustomize.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Helm on the PATH, or where `.ci/cluster` builds it. */
const helm = [`${root}.local/go/bin/helm`].find((path) => existsSync(path)) ?? 'helm';

/** Why the chart cannot be rendered here; undefined when it can. For `test(..., { skip })`. */
export const withoutHelm: string | undefined =
  spawnSync(helm, ['version']).status === 0 ? undefined : 'there is no helm here, so the chart is not rendered';

/** What a release of the chart holds. @throws Error with Helm's own words */
export function renderChart(namespace: string, values: Readonly<Record<string, string>>): KubernetesObject[] {
  const settings = Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  // A Helm that is built from its module renders for Kubernetes 1.20 unless it is told another version.
  const versions = ['--kube-version', '1.34.0'];
  const text = execFileSync(helm, ['template', 'test', pathOf('chart'), '-n', namespace, ...versions, ...settings], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((object) => object !== null)
    .map((object) => kubernetesObject.parse(object));
}

const property = z.looseObject({ type: z.string().optional(), enum: z.array(z.string()).default([]) });
const schema = z.looseObject({
  properties: z.looseObject({
    collectors: z.looseObject({ properties: z.record(z.string(), property) }),
    distributor: z.looseObject({ properties: z.record(z.string(), property) }),
  }),
});

/** The values that switch something on in a group of the chart's values, or choose one of several: each with what it may be. */
export function chartChoices(group: 'collectors' | 'distributor'): Readonly<Record<string, string>>[] {
  const { properties } = schema.parse(JSON.parse(readFileSync(pathOf('chart/values.schema.json'), 'utf8'))).properties[
    group
  ];
  return Object.entries(properties)
    .filter(([name]) => name !== 'enabled')
    .flatMap(([name, { type, enum: values }]) =>
      (type === 'boolean' ? ['true'] : values).map((value) => ({ [`${group}.${name}`]: value })),
    );
}

/** What `helm lint` says, and whether it is content. */
export function lintChart(): { readonly ok: boolean; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(helm, ['lint', '--strict', pathOf('chart')], { encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout}${stderr}` };
}

/** `helm ARGUMENTS` at a cluster. @returns its warnings @throws Error with its words when it fails */
export function runHelm(config: string, ...args: readonly string[]): string {
  const { status, stderr } = spawnSync(helm, ['--kubeconfig', config, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
  // The chart shares the files of the kustomizations by links, which Helm remarks on.
  return stderr.replace(/^.*found symbolic link in path.*\n/gm, '');
}
