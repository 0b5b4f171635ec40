import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (name: string) => readFileSync(`${root}/${name}`, 'utf8');

interface Package {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const packages: Readonly<Record<string, Package>> = JSON.parse(read('package-lock.json')).packages;

/** What `npm ci --omit=dev` installs for the service: the closure of its dependencies in the lock file, as `name@version`. */
function productionPackages(): ReadonlySet<string> {
  const found = new Map<string, Package>();
  const visit = (folder: string) => {
    const { dependencies, optionalDependencies } = packages[folder] ?? {};
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = resolve(folder, name);
      const it = at === undefined ? undefined : packages[at];
      if (at === undefined || it === undefined || found.has(at)) continue;
      found.set(at, it);
      visit(at);
    }
  };
  visit('');
  return new Set([...found].map(([at, { version }]) => `${at.split('node_modules/').at(-1)}@${version}`));
}

/** The folder of a package as Node finds it from another: the nearest `node_modules` upwards. */
function resolve(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const at = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (at in packages) return at;
    if (folder === '') return undefined;
    if (!folder.includes('/node_modules/')) folder = '';
  }
}

test('the SBOM names the packages that the image has, each with its version, and no others', () => {
  const { stdout, stderr, status } = spawnSync(`${root}/.ci/sbom`, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  assert.equal(status, 0, stderr);
  const { bomFormat, components } = JSON.parse(stdout);
  assert.equal(bomFormat, 'CycloneDX');
  const listed = components.map(({ purl }: { purl: string }) => decodeURIComponent(purl.replace('pkg:npm/', '')));
  assert.ok(listed.length > 20);
  assert.deepEqual([...listed].sort(), [...productionPackages()].sort());
});

test('the image carries the SBOM, made by the same commands', () => {
  const dockerfile = read('Dockerfile');
  const commands = read('.ci/sbom').match(/^npm .+$/gm) ?? [];
  assert.equal(commands.length, 3);
  for (const command of commands) assert.ok(dockerfile.includes(command.replace(' >&2', '')), command);
  const service = dockerfile.slice(dockerfile.indexOf('AS service'));
  assert.match(service, /COPY --from=production-packages \/app\/sbom\.cdx\.json/);
});
