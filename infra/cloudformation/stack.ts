import { CONDITIONS } from './conditions.ts';
import { FIXED_NAMES } from './fixed-names.ts';
import { ifElse, isObject, type Json, type JsonObject, ref, sub } from './intrinsics.ts';
import type { Parameter } from './parameter.ts';
import { PARAMETERS } from './parameter-list.ts';
import { render } from './placeholders.ts';
import { madeName, NUMBERS } from './symbolic.ts';

/** A resource as it is written here: placeholders are still in it. */
export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: JsonObject;
}

export interface Output {
  readonly Description: string;
  readonly Condition?: string;
  readonly Value: Json;
}

/** A nested template and what the main one gives it beside its own parameters. */
export interface Stack {
  readonly description: string;
  /** Whether there is such a stack at all. */
  readonly condition?: string;
  readonly mappings?: Readonly<Record<string, JsonObject>>;
  /** Parameters that the main template computes, or takes from other stacks: description and value there. */
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly list?: true; readonly value: Json }>
  >;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, Output>>;
}

/** What is deleted by mistake is gone: these stay when their stack goes, but not when it could not be made at all. */
export const KEPT = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

/** A resource of which there may be none. */
export function when(condition: string | undefined, resource: Resource): Resource {
  if (condition === undefined) return resource;
  const { Type, ...rest } = resource;
  return { Type, Condition: condition, ...rest };
}

/** The template of a nested stack: its parameters and conditions are those that it uses. */
export function nestedTemplate(stack: Stack): JsonObject {
  const body = renderBody(stack);
  const { conditions, names } = usedBy(body);
  const inputs = inputsOf(stack, names);
  const own = new Set([...Object.keys(inputs), ...Object.keys(stack.resources)]);
  const parameters = PARAMETERS.filter(({ name }) => names.has(name) && !own.has(name));
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: stack.description,
    Parameters: {
      ...Object.fromEntries(parameters.map((parameter) => [parameter.name, declare(parameter)])),
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, { description, list }]) => [
          name,
          { Type: list ? 'CommaDelimitedList' : 'String', Description: description },
        ]),
      ),
    },
    ...(stack.mappings ? { Mappings: stack.mappings } : {}),
    ...(Object.keys(conditions).length > 0 ? { Conditions: conditions } : {}),
    ...body,
  };
}

/** Names are an input of every stack that uses them: the given one, or the one that is made. */
const NAME_INPUTS: Stack['inputs'] = Object.fromEntries(
  FIXED_NAMES.map(({ name, parameter }) => [
    parameter,
    {
      description: `The parameter of the main template, or the name that is made`,
      value: ifElse(`Has${parameter}`, ref(parameter), sub(madeName(name))),
    },
  ]),
);

/** What the main template computes for a stack whose body uses these names. */
export function inputsOf(stack: Stack, used: ReadonlySet<string>): Stack['inputs'] {
  const named = Object.entries(NAME_INPUTS).filter(([name]) => used.has(name));
  return { ...Object.fromEntries(named), ...stack.inputs };
}

function renderBody(stack: Stack): { readonly Resources: Json; readonly Outputs?: Json } {
  const names = new Set([
    ...PARAMETERS.map(({ name }) => name),
    ...Object.keys(stack.inputs),
    ...Object.keys(stack.resources),
  ]);
  const options = { numbers: NUMBERS, known: (name: string) => isPseudo(name) || names.has(name.split('.')[0] ?? '') };
  return {
    Resources: render(stack.resources as unknown as Json, options),
    ...(Object.keys(stack.outputs).length > 0 ? { Outputs: render(stack.outputs as unknown as Json, options) } : {}),
  };
}

function isPseudo(name: string): boolean {
  return name.startsWith('AWS::');
}

/** A parameter without its default and its group: nested templates are given everything. */
export function declare({ type, description, allowedValues, allowedPattern, minValue, maxValue, rule }: Parameter) {
  return {
    Type: type ?? 'String',
    Description: description,
    ...(allowedValues ? { AllowedValues: allowedValues } : {}),
    ...(allowedPattern === undefined ? {} : { AllowedPattern: allowedPattern }),
    ...(minValue === undefined ? {} : { MinValue: minValue }),
    ...(maxValue === undefined ? {} : { MaxValue: maxValue }),
    ...(rule === undefined ? {} : { ConstraintDescription: rule }),
  };
}

/** Conditions that a value needs, those of conditions included, and all names that it or they refer to. */
export function usedBy(value: JsonObject): { readonly conditions: JsonObject; readonly names: ReadonlySet<string> } {
  const names = new Set<string>();
  const conditions = new Set<string>();
  const use = (condition: string) => {
    if (conditions.has(condition)) return;
    conditions.add(condition);
    const definition = CONDITIONS[condition];
    if (definition === undefined) throw new Error(`there is no condition ${condition}`);
    look(definition);
  };
  const look = (node: Json) => {
    if (Array.isArray(node)) return node.forEach(look);
    if (!isObject(node)) return;
    for (const [key, member] of Object.entries(node)) {
      if (key === 'Ref' && typeof member === 'string') names.add(member);
      else if (key === 'Condition' && typeof member === 'string' && isReference(node)) use(member);
      else if (key === 'Fn::If' && Array.isArray(member)) {
        const [condition, ...branches] = member;
        use(String(condition));
        branches.forEach(look);
      } else if (key === 'Fn::Sub') {
        const text = Array.isArray(member) ? String(member[0]) : String(member);
        for (const [, name = ''] of text.matchAll(/\$\{([\w:]+)[\w.]*\}/g)) names.add(name);
        look(member);
      } else look(member);
    }
  };
  look(value);
  return {
    names,
    conditions: Object.fromEntries(Object.entries(CONDITIONS).filter(([name]) => conditions.has(name))),
  };
}

/** Of a resource, an output or another condition; ECS has members of this name too. */
function isReference(node: JsonObject): boolean {
  return 'Type' in node || 'Value' in node || Object.keys(node).length === 1;
}
