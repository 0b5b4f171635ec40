import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const k8s = join(root, 'k8s');

/** Any Kubernetes object, as far as the tests look at all of them alike. */
export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
export type KubernetesObject = z.output<typeof kubernetesObject>;

const kustomization = z.looseObject({ kind: z.enum(['Kustomization', 'Component']) });

const built = join(root, '.local/go/cluster/kubectl');
/** kubectl where `.ci/cluster` builds it, or on the PATH. */
export const kubectl = existsSync(built) ? built : 'kubectl';

/** Why manifests cannot be rendered here; undefined when they can. For `test(..., { skip })`. */
export const withoutKubectl: string | undefined =
  spawnSync(kubectl, ['version', '--client']).status === 0
    ? undefined
    : 'kubectl is not installed, so no manifests are rendered';

/** Folders under k8s/ that hold a kustomization of this kind, relative to k8s/. */
export function folders(kind: 'Kustomization' | 'Component'): string[] {
  const files = readdirSync(k8s, { recursive: true, encoding: 'utf8' });
  return (
    files
      // The chart holds links to the same folders.
      .filter((file) => file.endsWith('kustomization.yaml') && !file.startsWith('chart/'))
      .filter((file) => kustomization.parse(parse(readFileSync(join(k8s, file), 'utf8'))).kind === kind)
      .map(dirname)
      .sort()
  );
}

export function pathOf(folder: string): string {
  return join(k8s, folder);
}

/** What `kubectl kustomize` makes of a folder (absolute path). */
export function render(path: string): KubernetesObject[] {
  const text = execFileSync(kubectl, ['kustomize', path], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return parseAllDocuments(text).map((document) => kubernetesObject.parse(document.toJS()));
}

/** `kubectl ARGUMENTS` at a cluster. @returns its warnings @throws Error with its words when it fails */
export function runKubectl(config: string, ...args: readonly string[]): string {
  const { status, stderr } = spawnSync(kubectl, ['--kubeconfig', config, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  // It says so of whatever another tool has made, and adds the annotation by itself.
  return stderr.replace(/^Warning: resource \S+ is missing the \S+last-applied-configuration annotation.*\n/gm, '');
}

/** An overlay with components laid on, as an operator's own kustomization would. */
export function renderWith(overlay: string, components: readonly string[]): KubernetesObject[] {
  const parent = join(root, '.local');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'kustomize-'));
  try {
    const lines = (paths: readonly string[]) => paths.map((path) => `  - ${relative(folder, pathOf(path))}\n`).join('');
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      `resources:\n${lines([overlay])}components:\n${lines(components)}`,
    );
    return render(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One object of a rendering. @throws Error when there is none. */
export function find(objects: readonly KubernetesObject[], kind: string, name: string | RegExp): KubernetesObject {
  const found = objects.find(
    (object) =>
      object.kind === kind &&
      (typeof name === 'string' ? object.metadata.name === name : name.test(object.metadata.name)),
  );
  if (!found)
    throw new Error(`no ${kind} ${name} among ${objects.map((o) => `${o.kind} ${o.metadata.name}`).join(', ')}`);
  return found;
}
