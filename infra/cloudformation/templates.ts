import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type Config, configOf } from '../config/config.ts';
import { knownEnvironments } from '../config/file.ts';
import { parametersOf } from './parameters.ts';
import { nestedTemplate } from './stack.ts';
import { mainTemplate, NESTED } from './stacks/main.ts';

const HEADER = '# Made by `npm run synth -- --cloudformation`. Change infra/ and make it again.\n';

/** Every file that is made, by its path in this folder. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const templates = [
    ['main', mainTemplate()] as const,
    ...Object.entries(NESTED).map(([name, stack]) => [name, nestedTemplate(stack)] as const),
  ];
  return new Map([
    ...templates.map(([name, template]) => [`templates/${name}.yaml`, `${HEADER}${yaml(template)}`] as const),
    ...knownEnvironments().map((name) => [`parameters/${name}.json`, parameterFile(configOf(name))] as const),
  ]);
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true, version: '1.1' });
}

/** What settings have otherwise than the templates' defaults, as the AWS CLI takes it; deploy.sh adds the environment. */
export function parameterFile(config: Config): string {
  const defaults = parametersOf(configOf('any'));
  const entries = Object.entries(parametersOf(config)).filter(
    ([name, value]) => name !== 'Project' && name !== 'Environment' && defaults[name] !== value,
  );
  const list = entries.map(([name, value]) => ({ ParameterKey: name, ParameterValue: value }));
  return `${JSON.stringify(list, null, 2)}\n`;
}

/** Writes all files. @returns the paths of those that were otherwise before */
export function writeFiles(): readonly string[] {
  const changed: string[] = [];
  for (const [path, text] of generatedFiles()) {
    const file = new URL(path, import.meta.url);
    if (readIfThere(file) === text) continue;
    writeFileSync(file, text);
    changed.push(path);
  }
  return changed;
}

function readIfThere(file: URL): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
