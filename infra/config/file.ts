import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { type Group, isGroup } from './layers.ts';
import { ConfigError } from './problems.ts';

const FOLDER = new URL('../environments/', import.meta.url);
const EXTENSION = '.yaml';

/** Environments that have a file of their own in infra/environments/. */
export function knownEnvironments(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length));
}

/** What an environment has otherwise than the defaults; nothing where it has no file. */
export function environmentFile(environment: string): Group {
  if (!knownEnvironments().includes(environment)) return {};
  return readConfigFile(new URL(`${environment}${EXTENSION}`, FOLDER));
}

/**
 * A relative path is the caller's, whom npm has taken to another folder.
 * @throws ConfigError when there is no such file, or it is not YAML with settings by their names
 */
export function readConfigFile(file: string | URL): Group {
  const name = String(file);
  const document = parseDocument(textOf(typeof file === 'string' ? resolve(process.env.INIT_CWD ?? '.', file) : file));
  const errors = document.errors.map(({ message }) => message.split('\n')[0]?.replace(/:$/, ''));
  if (errors.length > 0) throw new ConfigError(errors.map((error) => `${name}: is not YAML: ${error}`));
  const content: unknown = document.toJS() ?? {};
  if (isGroup(content)) return content;
  throw new ConfigError([`${name}: must be settings by their names (got ${JSON.stringify(content)})`]);
}

function textOf(file: string | URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`${file}: cannot be read: ${error instanceof Error ? error.message : error}`]);
  }
}
