import { cidrBlocks } from './cidr.ts';

/** Where a stack would be made. */
export interface StackPlace {
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
}

export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
type Members = Readonly<Record<string, Value>>;

export interface Template {
  readonly Parameters: Readonly<Record<string, ParameterDefinition>>;
  readonly Rules?: Readonly<Record<string, Rule>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Members>>>>;
  readonly Conditions?: Members;
  readonly Resources: Readonly<Record<string, ResourceDefinition>>;
  readonly Outputs?: Readonly<Record<string, { readonly Condition?: string; readonly Value: Value }>>;
}

interface ParameterDefinition {
  readonly Type: string;
  readonly Default?: string;
  readonly AllowedValues?: readonly string[];
  readonly AllowedPattern?: string;
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

interface ResourceDefinition {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Properties?: Members;
}

interface Rule {
  readonly RuleCondition?: Value;
  readonly Assertions: readonly { readonly Assert: Value; readonly AssertDescription: string }[];
}

/** A resource with its intrinsic functions evaluated; what only AWS knows is `<stack.LogicalId#Attribute>`. */
export interface EvaluatedResource {
  readonly address: string;
  readonly type: string;
  readonly properties: Members;
}

export interface EvaluatedStack {
  readonly resources: readonly EvaluatedResource[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** `AWS::NoValue`: the member or element is dropped. */
const NOTHING = Symbol('AWS::NoValue');
type Result = Value | typeof NOTHING;

const ZONES = ['<zone 0>', '<zone 1>', '<zone 2>'];

/** Evaluates a template for parameters. @throws Error for anything that it does not know */
export function evaluate(
  name: string,
  template: Template,
  parameters: Readonly<Record<string, Value>>,
  place: StackPlace,
): EvaluatedStack {
  const values = parameterValues(template, parameters);
  const evaluator = createEvaluator(name, template, values, place);
  const there = ({ Condition }: { readonly Condition?: string }) =>
    Condition === undefined || evaluator.condition(Condition);
  const resources = Object.entries(template.Resources).flatMap(([id, resource]) =>
    there(resource)
      ? [
          {
            address: `${name}.${id}`,
            type: resource.Type,
            properties: evaluator.value(resource.Properties ?? {}) as Members,
          },
        ]
      : [],
  );
  const outputs = Object.entries(template.Outputs ?? {}).flatMap(([id, output]) =>
    there(output) ? [[id, evaluator.value(output.Value) as Value] as const] : [],
  );
  return { resources, outputs: Object.fromEntries(outputs) };
}

/** What the parameters break: constraints of each, then the rules. */
export function refusals(
  template: Template,
  parameters: Readonly<Record<string, string>>,
  place: StackPlace,
): string[] {
  const broken = Object.entries({ ...defaults(template), ...parameters }).flatMap(([name, value]) => {
    const definition = template.Parameters[name];
    if (!definition) return [`${name} is no parameter`];
    const elements = isList(definition) ? value.split(',') : [value];
    return elements.every((element) => isAllowed(definition, element)) ? [] : [name];
  });
  const values = parameterValues(template, { ...defaults(template), ...parameters });
  const evaluator = createEvaluator('main', template, values, place);
  const rules = Object.values(template.Rules ?? {}).flatMap(({ RuleCondition, Assertions }) => {
    if (RuleCondition !== undefined && evaluator.value(RuleCondition) !== true) return [];
    return Assertions.filter(({ Assert }) => evaluator.value(Assert) !== true).map((it) => it.AssertDescription);
  });
  return [...broken, ...rules];
}

function isAllowed(definition: ParameterDefinition, value: string): boolean {
  const { AllowedValues, AllowedPattern, MinValue, MaxValue } = definition;
  if (AllowedValues && !AllowedValues.includes(value)) return false;
  if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) return false;
  if (definition.Type !== 'Number') return true;
  const number = value === '' ? Number.NaN : Number(value);
  return number >= (MinValue ?? number) && number <= (MaxValue ?? number);
}

function isList({ Type }: ParameterDefinition): boolean {
  return Type === 'CommaDelimitedList';
}

function defaults(template: Template): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(template.Parameters).flatMap(([name, it]) => (it.Default === undefined ? [] : [[name, it.Default]])),
  );
}

function parameterValues(template: Template, given: Readonly<Record<string, Value>>): Members {
  for (const name of Object.keys(given)) {
    if (!template.Parameters[name]) throw new Error(`the template has no parameter ${name}`);
  }
  return Object.fromEntries(
    Object.entries(template.Parameters).map(([name, definition]) => {
      const value = given[name] ?? definition.Default;
      if (value === undefined) throw new Error(`the parameter ${name} is not given`);
      return [name, isList(definition) ? String(value).split(',') : value];
    }),
  );
}

function createEvaluator(stack: string, template: Template, parameters: Members, place: StackPlace) {
  const pseudo: Members = {
    'AWS::Region': place.region,
    'AWS::AccountId': place.accountId,
    'AWS::Partition': place.partition,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const condition = (name: string): boolean => {
    const definition = template.Conditions?.[name];
    if (definition === undefined) throw new Error(`${stack} has no condition ${name}`);
    return value(definition) === true;
  };
  const reference = (name: string): Result => {
    if (name === 'AWS::NoValue') return NOTHING;
    const known = parameters[name] ?? pseudo[name];
    if (known !== undefined) return known;
    return attribute(name, 'Ref');
  };
  const attribute = (id: string, name: string): Value => {
    const resource = template.Resources[id];
    if (!resource) throw new Error(`${stack} has no ${id}`);
    if (resource.Condition !== undefined && !condition(resource.Condition)) {
      throw new Error(`${stack}.${id} is referred to, but its condition ${resource.Condition} does not hold`);
    }
    return `<${stack}.${id}#${name}>`;
  };
  const list = (node: Value): readonly Value[] => {
    const result = value(node);
    if (!Array.isArray(result)) throw new Error(`not a list: ${JSON.stringify(result)}`);
    return result;
  };
  const substitute = (text: string) =>
    text.replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      const [id = '', ...rest] = name.split('.');
      const result = rest.length > 0 ? attribute(id, rest.join('.')) : reference(name);
      if (typeof result === 'object' || result === NOTHING) throw new Error(`${name} is no text`);
      return String(result);
    });
  const functions: Readonly<Record<string, (argument: Value) => Result>> = {
    Ref: (name) => reference(String(name)),
    Condition: (name) => condition(String(name)),
    'Fn::GetAtt': (argument) => attribute(...(argument as [string, string])),
    'Fn::Sub': (argument) => substitute(String(argument)),
    'Fn::If': (argument) => {
      const [name, yes, no] = argument as [string, Value, Value];
      return value(condition(name) ? yes : no);
    },
    'Fn::Equals': (argument) => {
      const [a, b] = list(argument);
      return String(a) === String(b);
    },
    'Fn::Not': (argument) => list(argument)[0] !== true,
    'Fn::And': (argument) => list(argument).every((it) => it === true),
    'Fn::Or': (argument) => list(argument).some((it) => it === true),
    'Fn::Contains': (argument) => {
      const [values, wanted] = list(argument) as [readonly Value[], Value];
      return values.includes(wanted);
    },
    'Fn::Join': (argument) => {
      const [separator, parts] = argument as [string, Value];
      return list(parts).join(separator);
    },
    'Fn::Split': (argument) => {
      const [separator, text] = argument as [string, Value];
      return String(value(text)).split(separator);
    },
    'Fn::Select': (argument) => {
      const [at, values] = argument as [number, Value];
      const from = value(values);
      // A list that only AWS knows.
      if (typeof from === 'string') return `${from}[${at}]`;
      const element = list(values)[Number(at)];
      if (element === undefined) throw new Error(`there is no element ${at}`);
      return element;
    },
    'Fn::FindInMap': (argument) => {
      const [map, key, column] = list(argument).map(String) as [string, string, string];
      const found = template.Mappings?.[map]?.[key]?.[column];
      if (found === undefined) throw new Error(`${stack} has no mapping ${map}.${key}.${column}`);
      return found;
    },
    'Fn::GetAZs': () => ZONES,
    'Fn::Cidr': (argument) => {
      const [block, count, hostBits] = list(argument);
      // Addresses of a VPC's IPv6 block are AWS's to choose.
      if (hostBits === 64) return Array.from({ length: Number(count) }, (_, at) => `<block ${at} of /64>`);
      return cidrBlocks(String(block), Number(count), Number(hostBits));
    },
  };
  const value = (node: Value): Result => {
    if (Array.isArray(node)) return node.map(value).filter((it) => it !== NOTHING);
    if (typeof node !== 'object') return node;
    const [key = '', ...others] = Object.keys(node);
    const run = others.length === 0 ? functions[key] : undefined;
    if (run) return run((node as Members)[key] ?? '');
    if (key.startsWith('Fn::')) throw new Error(`unknown function ${key}`);
    const members = Object.entries(node).map(([name, member]) => [name, value(member)] as const);
    return Object.fromEntries(members.filter(([, member]) => member !== NOTHING)) as Members;
  };
  return { value, condition };
}
