import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { compilePattern, escaped, type Lookup, literal, matches, type Pattern } from './pattern.ts';
import { PolicyError } from './policy-error.ts';

/** One line of a `Condition` block: an operator, a key, and the values of which one must fit. */
export interface Condition {
  readonly operator: string;
  readonly quantifier: 'forallvalues' | 'foranyvalue' | undefined;
  readonly ifExists: boolean;
  /** Lower case: keys are not case-sensitive. */
  readonly key: string;
  readonly values: readonly Pattern[];
}

/** Compares one value of the request with one value of the policy. */
type Compare = (actual: string, wanted: Pattern, lookup: Lookup) => boolean;

interface Operator {
  readonly compare: Compare;
  /** The negated form of another operator: none of the values may fit, and a key that is absent fits. */
  readonly negated: boolean;
}

const same =
  (equal: (a: string, b: string) => boolean): Compare =>
  (actual, wanted, lookup) => {
    const text = literal(wanted, lookup);
    return text !== undefined && equal(actual, text);
  };
const number = (compare: (a: number, b: number) => boolean) =>
  same((a, b) => a.trim() !== '' && b.trim() !== '' && compare(Number(a), Number(b)));
const date = (compare: (a: number, b: number) => boolean) => same((a, b) => compare(instant(a), instant(b)));

const COMPARE: ReadonlyMap<string, Compare> = new Map(
  Object.entries({
    stringequals: same((a, b) => a === b),
    stringequalsignorecase: same((a, b) => a.toLowerCase() === b.toLowerCase()),
    stringlike: (actual, wanted, lookup) => matches(wanted, actual, lookup),
    arnequals: arnLike,
    arnlike: arnLike,
    numericequals: number((a, b) => a === b),
    numericlessthan: number((a, b) => a < b),
    numericlessthanequals: number((a, b) => a <= b),
    numericgreaterthan: number((a, b) => a > b),
    numericgreaterthanequals: number((a, b) => a >= b),
    dateequals: date((a, b) => a === b),
    datelessthan: date((a, b) => a < b),
    datelessthanequals: date((a, b) => a <= b),
    dategreaterthan: date((a, b) => a > b),
    dategreaterthanequals: date((a, b) => a >= b),
    bool: same((a, b) => a.toLowerCase() === b.toLowerCase()),
    binaryequals: same((a, b) => a === b),
    ipaddress: same(insideBlock),
  }),
);
const NEGATIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    stringnotequals: 'stringequals',
    stringnotequalsignorecase: 'stringequalsignorecase',
    stringnotlike: 'stringlike',
    arnnotequals: 'arnequals',
    arnnotlike: 'arnlike',
    numericnotequals: 'numericequals',
    datenotequals: 'dateequals',
    notipaddress: 'ipaddress',
  }),
);

function operatorOf(name: string): Operator | undefined {
  const negated = NEGATIONS.get(name);
  const compare = COMPARE.get(negated ?? name);
  return compare && { compare, negated: negated !== undefined };
}

/** @throws PolicyError for operators and shapes that AWS does not know */
export function parseConditions(value: unknown, variables: boolean): Condition[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PolicyError('Syntax errors in policy: Condition must be an object.');
  }
  return Object.entries(value).flatMap(([name, block]) => {
    const [, quantifier, base = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(name) ?? [];
    const operator = base.toLowerCase();
    if (operator !== 'null' && !operatorOf(operator)) throw new PolicyError(`Invalid Condition type : ${name}.`);
    if (typeof block !== 'object' || block === null || Array.isArray(block)) {
      throw new PolicyError(`Syntax errors in policy: ${name} must be an object.`);
    }
    return Object.entries(block).map(([key, wanted]): Condition => {
      const list: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
      return {
        operator,
        quantifier: quantifierOf(quantifier),
        ifExists: ifExists !== undefined,
        key: key.toLowerCase(),
        values: list.map((item) => {
          if (typeof item !== 'string' && typeof item !== 'number' && typeof item !== 'boolean') {
            throw new PolicyError(`Syntax errors in policy: a value of ${name} ${key} is no text.`);
          }
          return compilePattern(String(item), variables);
        }),
      };
    });
  });
}

function quantifierOf(text: string | undefined): Condition['quantifier'] {
  const lower = text?.toLowerCase();
  return lower === 'forallvalues' || lower === 'foranyvalue' ? lower : undefined;
}

/** Whether a condition holds for a request (IAM user guide, "Condition operators" and "Multivalued context keys"). */
export function holds(condition: Condition, lookup: Lookup): boolean {
  const actual = lookup(condition.key);
  if (condition.operator === 'null') {
    const absent = actual === undefined || actual.length === 0;
    return condition.values.some((wanted) => literal(wanted, lookup)?.toLowerCase() === String(absent));
  }
  const operator = operatorOf(condition.operator);
  if (!operator) return false;
  const fits = (value: string) =>
    operator.negated !== condition.values.some((wanted) => operator.compare(value, wanted, lookup));
  if (actual === undefined || actual.length === 0) {
    if (condition.quantifier === 'forallvalues') return true;
    if (condition.quantifier === 'foranyvalue') return condition.ifExists;
    return condition.ifExists || operator.negated;
  }
  if (condition.quantifier === 'forallvalues') return actual.every(fits);
  if (condition.quantifier === 'foranyvalue') return actual.some(fits);
  // Several values without a quantifier: a positive operator wants one to fit, a negated one wants all to.
  return operator.negated ? actual.every(fits) : actual.some(fits);
}

/** ARNs are compared part by part: a `*` does not reach over a colon, except in the last part. */
function arnLike(actual: string, wanted: Pattern, lookup: Lookup): boolean {
  const source = escaped(wanted, lookup);
  if (source === undefined) return false;
  const split = (arn: string) => {
    const parts = arn.split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')];
  };
  const actualParts = split(actual);
  return split(source).every((part, i) => matches(compilePattern(part, true), actualParts[i] ?? '', lookup));
}

function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function insideBlock(address: string, block: string): boolean {
  const [network = '', bits] = block.split('/');
  const family = isIPv4(network) ? 'ipv4' : isIPv6(network) ? 'ipv6' : undefined;
  if (!family) return false;
  const list = new BlockList();
  list.addSubnet(network, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
