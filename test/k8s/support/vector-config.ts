import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { pathOf } from './kustomize.ts';

const component = z.looseObject({ type: z.string(), inputs: z.array(z.string()).default([]) });
const components = z.record(z.string(), component).default({});
const vectorConfig = z.looseObject({
  sources: components,
  transforms: components,
  sinks: components,
  healthchecks: z.looseObject({}).optional(),
});

export type VectorComponent = z.output<typeof component>;
export type VectorConfig = z.output<typeof vectorConfig>;
export type Environment = Readonly<Record<string, string>>;

export const OVERLAYS = ['firehose', 'firehose-aggregated', 's3', 's3-parquet', 'local'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** Overlays that lie on another one, whose settings and programs they have. */
const BELOW: Partial<Readonly<Record<Overlay, Overlay>>> = { 'firehose-aggregated': 'firehose', 's3-parquet': 's3' };

/** `name: value` of a settings.env, as the ConfigMap generator reads it. */
function settingsOf(folder: string, file = 'settings.env'): Record<string, string> {
  const lines = readFileSync(join(pathOf(folder), file), 'utf8').split('\n');
  const pairs = lines.filter((line) => line.includes('=') && !line.startsWith('#'));
  return Object.fromEntries(pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Components that add to the configuration, each by files of its own name: `host.yaml`, `host.env`, `host.vrl`. */
export type ConfigComponent = 'host';

/** The environment that an overlay gives to Vector, with a name for the node, and clusters that labels may name. */
export function environmentOf(overlay: Overlay, components: readonly ConfigComponent[] = []): Environment {
  return {
    VECTOR_SELF_NODE_NAME: 'ip-10-0-1-17.ec2.internal',
    ...settingsOf('vector/base'),
    ...settingsOf(`vector/overlays/${BELOW[overlay] ?? overlay}`),
    ...Object.assign({}, ...components.map((name) => settingsOf(`vector/components/${name}`, `${name}.env`))),
    CLUSTERS: 'hosted-7,hosted-8',
  };
}

const VARIABLE = /\$\$|\$(\w+)|\$\{([\w.]+)(?:(:?-|:?\?)([^}]*))?\}/g;

/** Names of the variables that a configuration file refers to. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(VARIABLE)].map(([, plain, braced]) => plain ?? braced ?? '').filter((name) => name !== '');
}

/**
 * Puts the environment into a configuration file as Vector does (its reference, "Environment variables").
 * @throws Error when a variable is missing, or empty where it must not be, or holds a line break.
 */
export function interpolate(text: string, environment: Environment): string {
  return text.replace(VARIABLE, (all, plain?: string, braced?: string, operator?: string, operand = '') => {
    const name = plain ?? braced;
    if (name === undefined) return all === '$$' ? '$' : all;
    const value = environment[name];
    if (value !== undefined && /[\n\r]/.test(value)) throw new Error(`${name} has more than one line`);
    const missing = operator?.startsWith(':') ? !value : value === undefined;
    if (!missing) return value ?? '';
    if (operator?.endsWith('-')) return operand;
    throw new Error(`${name} is not set: ${operand}`);
  });
}

/** Joins configuration files as Vector does: a component's name may occur once. */
export function merge(texts: readonly string[], environment: Environment): VectorConfig {
  const parts = texts.map((text) => vectorConfig.parse(parse(interpolate(text, environment))));
  const kinds = ['sources', 'transforms', 'sinks'] as const;
  const merged: VectorConfig = Object.assign({}, ...parts);
  for (const kind of kinds) {
    const names = parts.flatMap((part) => Object.keys(part[kind]));
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice) throw new Error(`duplicate ${kind}: ${twice}`);
    merged[kind] = Object.assign({}, ...parts.map((part) => part[kind]));
  }
  return withInputs(merged);
}

/**
 * With the names that inputs with a star stand for: those of all sources and transforms that match (Vector 0.58,
 * src/config/compiler.rs, `expand_globs`). One that matches none stays, and is no component.
 */
function withInputs(config: VectorConfig): VectorConfig {
  const names = [...Object.keys(config.sources), ...Object.keys(config.transforms)];
  const expand = (own: string, inputs: readonly string[]) =>
    inputs.flatMap((input) => {
      const pattern = new RegExp(`^${input.split('*').map(RegExp.escape).join('.*')}$`);
      const matching = input.includes('*') ? names.filter((name) => name !== own && pattern.test(name)) : [];
      return matching.length > 0 ? matching : [input];
    });
  const expanded = (components: Readonly<Record<string, VectorComponent>>) =>
    Object.fromEntries(
      Object.entries(components).map(([own, one]) => [own, { ...one, inputs: expand(own, one.inputs) }] as const),
    );
  return { ...config, transforms: expanded(config.transforms), sinks: expanded(config.sinks) };
}

/** An overlay's whole configuration, with components or without, from the files in the repository. */
export function configOf(
  overlay: Overlay,
  environment?: Environment,
  components: readonly ConfigComponent[] = [],
): VectorConfig {
  const files = [
    'vector/base/vector.yaml',
    `vector/overlays/${overlay}/sink.yaml`,
    ...components.map((name) => `vector/components/${name}/${name}.yaml`),
  ];
  return merge(
    files.map((file) => readFileSync(pathOf(file), 'utf8')),
    environment ?? environmentOf(overlay, components),
  );
}

/** The folder of a file under /etc/vector/vrl: that of the overlay's, of the overlay below it, a component's, or the base's. */
export function folderOf(overlay: Overlay, name: string): string {
  const below = BELOW[overlay];
  const overlays = [overlay, ...(below ? [below] : [])].map((one) => `vector/overlays/${one}`);
  const folders = [...overlays, `vector/components/${name.replace(/\.\w+$/, '')}`];
  return folders.find((folder) => existsSync(join(pathOf(folder), name))) ?? 'vector/base/vrl';
}

/** A VRL program by the path that the configuration gives it. */
export function vrlFile(overlay: Overlay, path: string): string {
  const name = path.replace('/etc/vector/vrl/', '');
  return readFileSync(join(pathOf(folderOf(overlay, name)), name), 'utf8');
}
