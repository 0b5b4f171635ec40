import { isDeepStrictEqual } from 'node:util';
import type { Value } from './evaluate.ts';

/** A difference: where it is, and what each side has; undefined: nothing. */
export interface Difference {
  /** Type and name of the resource. */
  readonly resource: string;
  /** `Property.Member.0`; empty: the resource itself. */
  readonly path: string;
  readonly terraform: Value | undefined;
  readonly cloudformation: Value | undefined;
}

type Resources = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/** Everything that differs between two sets of resources. */
export function differencesOf(terraform: Resources, cloudformation: Resources): readonly Difference[] {
  const names = [...new Set([...terraform.keys(), ...cloudformation.keys()])].sort();
  return names.flatMap((resource) => {
    const there = terraform.get(resource);
    const here = cloudformation.get(resource);
    if (!there || !here) return [{ resource, path: '', terraform: there, cloudformation: here }];
    return compareValues(resource, '', normalize(there), normalize(here));
  });
}

function compareValues(
  resource: string,
  path: string,
  terraform: Value | undefined,
  cloudformation: Value | undefined,
): readonly Difference[] {
  if (isDeepStrictEqual(terraform, cloudformation)) return [];
  if (
    typeof terraform === 'object' &&
    typeof cloudformation === 'object' &&
    Array.isArray(terraform) === Array.isArray(cloudformation)
  ) {
    const there = terraform as Readonly<Record<string, Value>>;
    const here = cloudformation as Readonly<Record<string, Value>>;
    const keys = [...new Set([...Object.keys(there), ...Object.keys(here)])];
    return keys.flatMap((key) => compareValues(resource, path ? `${path}.${key}` : key, there[key], here[key]));
  }
  return [{ resource, path, terraform, cloudformation }];
}

/** JSON as text is the value; numbers and truth are text; lists of names have an order; empty is absent. */
function normalize(value: Value): Value | undefined {
  if (typeof value === 'string') return /^[[{]/.test(value) ? normalizeText(value) : value;
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const elements = value.map(normalize).filter((element) => element !== undefined);
    return elements.length === 0 ? undefined : byName(elements);
  }
  const members = Object.entries(value).map(([key, member]) => [key, normalize(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined)) as Value;
}

function normalizeText(text: string): Value | undefined {
  try {
    return normalize(JSON.parse(text));
  } catch {
    return text;
  }
}

function byName(elements: readonly Value[]): readonly Value[] {
  const nameOf = (element: Value): string | undefined => {
    if (typeof element !== 'object' || Array.isArray(element)) return undefined;
    // Rules of a security group have neither name nor order.
    if ('IpProtocol' in element) return JSON.stringify(Object.entries(element).sort());
    const { Name, Key, AttributeName } = element as Readonly<Record<string, Value>>;
    const name = Name ?? Key ?? AttributeName;
    return name === undefined ? undefined : String(name);
  };
  if (elements.some((element) => nameOf(element) === undefined)) return elements;
  return [...elements].sort((a, b) => (nameOf(a) ?? '').localeCompare(nameOf(b) ?? ''));
}
