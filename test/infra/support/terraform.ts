import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Terraform with the AWS provider that is on this machine: the folder in TF_PLUGIN_DIR, else one that holds
 * `registry.terraform.io/hashicorp/aws` in the places that Terraform itself looks into, or near the root.
 */
export interface LocalTerraform {
  /** For `required_providers`: the provider that is here need not be the one that the bindings were made from. */
  readonly providerVersion: string;
  readonly version: string;
  /** What `-plugin-dir` takes. */
  readonly pluginFolder: string;
  /** Runs a command in a folder. @returns its standard output @throws Error with all that it printed when it fails */
  run(folder: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<string>;
  init(folder: string): Promise<string>;
}

const PROVIDER = join('registry.terraform.io', 'hashicorp', 'aws');

/** Terraform, or a sentence about what is missing. */
export async function findTerraform(): Promise<LocalTerraform | string> {
  if ((await run('terraform', ['version'], {}).catch(() => undefined)) === undefined)
    return 'there is no terraform here';
  const plugins = candidates().find((folder) => existsSync(join(folder, PROVIDER)));
  if (plugins === undefined) return 'no AWS provider was found on this machine (TF_PLUGIN_DIR names a folder of one)';
  const version = readdirSync(join(plugins, PROVIDER)).sort().at(-1) ?? '';
  const runIn: LocalTerraform['run'] = (folder, args, environment = {}) =>
    run('terraform', [`-chdir=${folder}`, ...args], environment);
  return {
    version,
    pluginFolder: plugins,
    providerVersion: `= ${version}`,
    run: runIn,
    init: (folder) => runIn(folder, ['init', '-input=false', '-no-color', `-plugin-dir=${plugins}`]),
  };
}

function candidates(): readonly string[] {
  const given = process.env.TF_PLUGIN_DIR;
  if (given !== undefined) return [given];
  const known = [
    join(homedir(), '.terraform.d', 'plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
  ];
  const nearRoot = foldersOf('/').flatMap((folder) => foldersOf(folder));
  return [...known, ...nearRoot];
}

const WITHOUT_PLUGINS = new Set(['/proc', '/sys', '/dev', '/run']);

function foldersOf(folder: string): readonly string[] {
  if (WITHOUT_PLUGINS.has(folder)) return [];
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** A plan is long, and what went wrong stands at the end. */
const ERROR_LENGTH_MAX = 4_000;

/** Runs a program to its end. @returns its standard output @throws Error with all that it printed */
export function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...environment, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let everything = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      everything += piece;
    });
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      everything += piece;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else
        reject(new Error(`${command} ${args.join(' ')} ended with ${code}:\n${everything.slice(-ERROR_LENGTH_MAX)}`));
    });
  });
}
