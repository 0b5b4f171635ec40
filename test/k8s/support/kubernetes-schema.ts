import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { KubernetesObject } from './kustomize.ts';

/**
 * Checks objects against the schemas of Kubernetes 1.34 and newer, KEDA 2 and the Prometheus Operator, without a cluster.
 *
 * The packages of kubernetes-models ship each schema twice: as a validator, which knows types, required fields and
 * formats, but lets unknown fields pass, and as a TypeScript interface, in which the compiler finds unknown fields.
 */

const root = fileURLToPath(new URL('../../../', import.meta.url));

function moduleOf({ apiVersion, kind }: KubernetesObject): string {
  const [group] = apiVersion.split('/');
  if (group === 'keda.sh') return `@kubernetes-models/keda/${apiVersion}/${kind}`;
  if (group === 'monitoring.coreos.com') return `@kubernetes-models/prometheus-operator/${apiVersion}/${kind}`;
  return `kubernetes-models/${apiVersion}/${kind}`;
}

interface Model {
  validate(): void;
}

/** What is wrong with the object, by its schema; undefined when nothing is. */
export async function violation(object: KubernetesObject): Promise<string | undefined> {
  const module: Readonly<Record<string, new (data: object) => Model>> = await import(moduleOf(object));
  const Class = module[object.kind];
  if (!Class) return `no schema for ${object.apiVersion} ${object.kind}`;
  try {
    new Class(object).validate();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Compiles the objects as literals of their types. @returns the compiler's errors, empty when there are none. */
export async function typeErrors(objects: readonly KubernetesObject[]): Promise<string[]> {
  // Inside the repository, so that the compiler finds the packages; .local is ignored by git.
  mkdirSync(join(root, '.local'), { recursive: true });
  const folder = mkdtempSync(join(root, '.local', 'k8s-types-'));
  try {
    const declarations = objects.map(
      (object, at) =>
        `import type { I${object.kind} as T${at} } from '${moduleOf(object)}';\n` +
        `export const object${at}: T${at} = ${JSON.stringify(object)};\n`,
    );
    // A file for each object, as the compiler stops at the first unknown field of a literal.
    for (const [at, text] of declarations.entries()) writeFileSync(join(folder, `object${at}.ts`), text);
    const compilerOptions = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', types: [] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    return await promisify(execFile)(process.execPath, [compiler, '-p', folder, '--pretty', 'false']).then(
      () => [],
      (error: { stdout?: string }) => named(String(error.stdout), objects),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `…/object3.ts(2,97): error TS2353: …` with the object's name instead of the file's. */
function named(output: string, objects: readonly KubernetesObject[]): string[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line.replace(/^\S*object(\d+)\.ts\(\d+,\d+\)/, (_all, at: string) => {
        const object = objects[Number(at)];
        return `${object?.kind} ${object?.metadata.name}`;
      }),
    );
}
