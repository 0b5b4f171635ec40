import { type Condition, parseConditions } from './condition.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { PolicyError } from './policy-error.ts';

/**
 * Policy documents: read once, when they are put, and refused then if they break the grammar, as AWS does
 * (IAM user guide, "Grammar of the IAM JSON policy language").
 */
export interface Policy {
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Selection<Pattern>;
  /** undefined in trust policies, whose resource is the role. */
  readonly resources: Selection<Pattern> | undefined;
  /** undefined in policies of identities, whose principal is the identity. */
  readonly principals: Selection<PrincipalPattern> | undefined;
  readonly conditions: readonly Condition[];
}

/** `Action` or `NotAction`, and their like. */
export interface Selection<T> {
  readonly not: boolean;
  readonly items: readonly T[];
}

/** `AWS` with an ARN, an account or `*`; `Service` with a service's name. */
export interface PrincipalPattern {
  readonly type: string;
  readonly value: string;
}

export type PolicyKind = 'identity' | 'trust' | 'resource';

const VERSIONS = new Set(['2008-10-17', '2012-10-17']);
const STATEMENT_KEYS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
]);
const PRINCIPAL_TYPES = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser']);

/** @throws PolicyError */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new PolicyError('This policy contains invalid Json');
  }
  if (!isRecord(document)) throw new PolicyError('Syntax errors in policy.');
  const version = document.Version ?? '2008-10-17';
  if (typeof version !== 'string' || !VERSIONS.has(version)) throw new PolicyError('Syntax errors in policy.');
  const statements = Array.isArray(document.Statement) ? document.Statement : [document.Statement];
  if (statements.length === 0 || statements[0] === undefined) {
    throw new PolicyError('Missing required field Statement');
  }
  return { statements: statements.map((statement) => parseStatement(statement, kind, version === '2012-10-17')) };
}

function parseStatement(value: unknown, kind: PolicyKind, variables: boolean): Statement {
  if (!isRecord(value)) throw new PolicyError('Syntax errors in policy.');
  for (const key of Object.keys(value)) {
    if (!STATEMENT_KEYS.has(key))
      throw new PolicyError(`Syntax errors in policy: ${key} is not a field of a statement.`);
  }
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw new PolicyError('Missing required field Effect');
  if (value.Sid !== undefined && typeof value.Sid !== 'string') throw new PolicyError('Syntax errors in policy.');
  const actions = select(value, 'Action', 'NotAction', strings);
  if (!actions) throw new PolicyError('Missing required field Action');
  const resources = select(value, 'Resource', 'NotResource', strings);
  const principals = select(value, 'Principal', 'NotPrincipal', principalPatterns);
  if (kind === 'trust' && resources) throw new PolicyError('Has prohibited field Resource');
  if (kind !== 'trust' && !resources) throw new PolicyError('Policy statement must contain resources.');
  if (kind === 'identity' && principals) throw new PolicyError('Policy document should not specify a principal.');
  if (kind !== 'identity' && !principals) throw new PolicyError('Missing required field Principal');
  for (const action of actions.items) {
    if (action !== '*' && !/^[\w-]+:[\w*?]+$/.test(action)) {
      throw new PolicyError(`Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. (${action})`);
    }
  }
  for (const resource of resources?.items ?? []) {
    if (resource !== '*' && !resource.startsWith('arn:')) {
      throw new PolicyError(`Resource ${resource} must be in ARN format or "*".`);
    }
  }
  const compile = (source: string) => compilePattern(source, variables);
  return {
    sid: value.Sid,
    effect: value.Effect,
    actions: { not: actions.not, items: actions.items.map(compile) },
    resources: resources && { not: resources.not, items: resources.items.map(compile) },
    principals,
    conditions: parseConditions(value.Condition, variables),
  };
}

function select<T>(
  statement: Record<string, unknown>,
  name: string,
  notName: string,
  read: (value: unknown, name: string) => readonly T[],
): Selection<T> | undefined {
  if (statement[name] !== undefined && statement[notName] !== undefined) {
    throw new PolicyError(`Syntax errors in policy: both ${name} and ${notName}.`);
  }
  if (statement[name] !== undefined) return { not: false, items: read(statement[name], name) };
  if (statement[notName] !== undefined) return { not: true, items: read(statement[notName], notName) };
  return undefined;
}

function principalPatterns(value: unknown, name: string): PrincipalPattern[] {
  if (value === '*') return [{ type: 'AWS', value: '*' }];
  if (!isRecord(value)) throw new PolicyError(`Invalid principal in policy: ${name} must be "*" or an object`);
  return Object.entries(value).flatMap(([type, list]) => {
    if (!PRINCIPAL_TYPES.has(type)) throw new PolicyError(`Invalid principal in policy: "${type}"`);
    return strings(list, name).map((item) => {
      const arn = /^(\*|\d{12}|arn:aws[\w-]*:(?:iam|sts)::\d{12}:(?:root|(?:role|user|assumed-role)\/[\w+=,.@/-]+))$/;
      if (type === 'AWS' && !arn.test(item)) throw new PolicyError(`Invalid principal in policy: "AWS":"${item}"`);
      return { type, value: item };
    });
  });
}

function strings(value: unknown, name: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new PolicyError(`Syntax errors in policy: ${name} is empty.`);
  return list.map((item) => {
    if (typeof item !== 'string' || item === '')
      throw new PolicyError(`Syntax errors in policy: ${name} must be text.`);
    return item;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
