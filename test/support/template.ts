import { readFile } from 'node:fs/promises';
import { type CollectionTag, parse, type ScalarTag } from 'yaml';

/** A resource as a template makes it from its parameters: functions evaluated, what is `AWS::NoValue` left out. */
export interface TemplateResource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface Parameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly MinLength?: number;
  readonly MaxLength?: number;
}

/** What a template makes of its parameters in one account. */
export interface Evaluated {
  /** By logical name, those whose condition holds. */
  readonly resources: Readonly<Record<string, TemplateResource>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Properties of the one role that a customer's template makes. */
export interface RoleProperties {
  readonly RoleName: string;
  readonly Path: string;
  readonly AssumeRolePolicyDocument: { readonly Statement: readonly unknown[] };
  readonly Policies: readonly {
    readonly PolicyName: string;
    readonly PolicyDocument: { readonly Statement: readonly unknown[] };
  }[];
}

export interface Template {
  readonly text: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** As they are written. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** @throws Error for a parameter without a value, and for a function that is not evaluated here */
  evaluate(given: Readonly<Record<string, string>>): Evaluated;
}

export const TEMPLATE_ACCOUNT = '222222222222';
const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::AccountId': TEMPLATE_ACCOUNT,
  'AWS::Region': 'us-east-1',
  'AWS::URLSuffix': 'amazonaws.com',
};
const FUNCTIONS = ['Ref', 'Sub', 'GetAtt', 'If', 'Not', 'Equals'] as const;
const NOTHING = Symbol('AWS::NoValue');

/** `!Name x` in short is `{ Name: x }` in full. */
const TAGS = FUNCTIONS.flatMap((name): (ScalarTag | CollectionTag)[] => [
  { tag: `!${name}`, resolve: (text: string) => ({ [name]: text }) },
  { tag: `!${name}`, collection: 'seq', resolve: (list) => ({ toJSON: () => ({ [name]: list.toJSON() }) }) },
]);

interface Document {
  readonly Parameters: Readonly<Record<string, Parameter>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, TemplateResource & { readonly Condition?: string }>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

/** A customer's template of `infra/customer/`, or another one by its path in the repository. */
export async function readTemplate(file: string, folder = 'infra/customer'): Promise<Template> {
  const text = await readFile(new URL(`../../${folder}/${file}`, import.meta.url), 'utf8');
  const document: Document = JSON.parse(JSON.stringify(parse(text, { customTags: TAGS })));
  return {
    text,
    parameters: document.Parameters,
    outputs: document.Outputs ?? {},
    evaluate: (given) => evaluateDocument(document, given),
  };
}

function evaluateDocument(document: Document, given: Readonly<Record<string, string>>): Evaluated {
  const lookUp = (name: string): unknown => {
    if (name === 'AWS::NoValue') return NOTHING;
    if (name in document.Resources) return evaluate(document.Resources[name]?.Properties.BucketName ?? name);
    const value = PSEUDO[name] ?? given[name] ?? document.Parameters[name]?.Default;
    if (value === undefined) throw new Error(`the parameter ${name} has no value`);
    return value;
  };
  const substitute = (source: string, own: Readonly<Record<string, unknown>>) =>
    source.replaceAll(/\$\{([\w:]+)\}/g, (_, name: string) => String(name in own ? own[name] : lookUp(name)));
  const attribute = (path: string) => {
    const [name = '', what] = path.split('.');
    const { Path, RoleName } = evaluate(document.Resources[name]?.Properties) as Record<string, string>;
    if (what !== 'Arn' || !Path || !RoleName) throw new Error(`${path} is not evaluated here`);
    return `arn:${PSEUDO['AWS::Partition']}:iam::${TEMPLATE_ACCOUNT}:role${Path}${RoleName}`;
  };
  const holds = (condition: string): boolean => evaluate(document.Conditions?.[condition]) === true;

  const call = (name: string, argument: unknown): unknown => {
    const list = Array.isArray(argument) ? argument : [argument];
    switch (name) {
      case 'Ref':
        return lookUp(String(argument));
      case 'Sub':
        return substitute(String(list[0]), Object(evaluate(list[1])));
      case 'GetAtt':
        return attribute(String(argument));
      case 'If':
        return evaluate(holds(String(list[0])) ? list[1] : list[2]);
      case 'Not':
        return evaluate(list[0]) !== true;
      // CloudFormation compares parameters as texts.
      case 'Equals':
        return String(evaluate(list[0])) === String(evaluate(list[1]));
      default:
        throw new Error(`${name} is not evaluated here`);
    }
  };
  const evaluate = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(evaluate).filter((item) => item !== NOTHING);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[name, argument] = ['', undefined]] = entries;
    if (entries.length === 1 && (FUNCTIONS as readonly string[]).includes(name)) return call(name, argument);
    return Object.fromEntries(
      entries.map(([key, inner]) => [key, evaluate(inner)] as const).filter(([, inner]) => inner !== NOTHING),
    );
  };

  return {
    resources: Object.fromEntries(
      Object.entries(document.Resources)
        .filter(([, { Condition }]) => Condition === undefined || holds(Condition))
        .map(([id, { Condition: _, ...resource }]) => [id, evaluate(resource) as TemplateResource]),
    ),
    outputs: Object.fromEntries(
      Object.entries(document.Outputs ?? {}).map(([id, { Value }]) => [id, evaluate(Value)] as const),
    ),
  };
}

export function roleOf({ resources }: Evaluated): RoleProperties {
  if (resources.Role?.Type !== 'AWS::IAM::Role') throw new Error('the template makes no role');
  return resources.Role.Properties as unknown as RoleProperties;
}

/** Whether CloudFormation takes a value for a parameter (CloudFormation user guide, "Parameters"). */
export function accepts(parameter: Parameter, value: string): boolean {
  const { AllowedPattern, AllowedValues, MinLength = 0, MaxLength = Number.POSITIVE_INFINITY } = parameter;
  if (parameter.Type === 'Number' && (value.trim() === '' || Number.isNaN(Number(value)))) return false;
  if (AllowedValues && !AllowedValues.map(String).includes(value)) return false;
  if (AllowedPattern !== undefined && !new RegExp(`^(?:${AllowedPattern})$`).test(value)) return false;
  return value.length >= MinLength && value.length <= MaxLength;
}
