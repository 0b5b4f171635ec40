import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type EvaluatedStack, evaluate, type StackPlace, type Template, type Value } from './evaluate.ts';

const TEMPLATES = new URL('../../../../infra/cloudformation/templates/', import.meta.url);
const NESTED = 'AWS::CloudFormation::Stack';

/** A committed template. */
export function readTemplate(name: string): Template {
  return parse(readFileSync(new URL(`${name}.yaml`, TEMPLATES), 'utf8'));
}

/** The main stack with all nested ones: their resources, and the outputs of the main one. */
export function evaluateDeployment(
  parameters: Readonly<Record<string, string>>,
  place: StackPlace,
): EvaluatedStack & { readonly nested: Readonly<Record<string, EvaluatedStack>> } {
  const given = { TemplateBucket: 'templates', TemplatePrefix: 'prefix/', ...parameters };
  const main = evaluate('main', readTemplate('main'), given, place);
  const nested: Record<string, EvaluatedStack> = {};
  // In the order of the template, in which no stack needs a later one.
  for (const { address, type, properties } of main.resources) {
    if (type !== NESTED) throw new Error(`${address} is no stack`);
    const [, name = ''] = /\/(\w+)\.yaml$/.exec(String(properties.TemplateURL)) ?? [];
    const inputs = resolveOutputs(properties.Parameters ?? {}, nested);
    nested[name] = evaluate(name, readTemplate(name), inputs as Record<string, Value>, place);
  }
  return {
    resources: Object.values(nested).flatMap((stack) => stack.resources),
    outputs: resolveOutputs(main.outputs, nested) as Record<string, Value>,
    nested,
  };
}

/** Puts outputs of nested stacks in place of `<main.CoreStack#Outputs.Name>`. */
function resolveOutputs(value: Value, stacks: Readonly<Record<string, EvaluatedStack>>): Value {
  if (Array.isArray(value)) return value.map((element) => resolveOutputs(element, stacks));
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, resolveOutputs(member, stacks)]));
  }
  if (typeof value !== 'string') return value;
  return value.replace(/<main\.(\w+)Stack#Outputs\.(\w+)>/g, (_, stack: string, output: string) => {
    const found = stacks[stack.toLowerCase()]?.outputs[output];
    if (found === undefined) throw new Error(`the stack ${stack} has no output ${output} yet`);
    return String(found);
  });
}
