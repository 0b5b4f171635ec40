import { isDeepStrictEqual } from 'node:util';
import { ifElse, isIntrinsic, isObject, type Json, type JsonObject, NO_VALUE } from './intrinsics.ts';

/** Whether each condition holds. */
export type Conditions<Name extends string> = Readonly<Record<Name, boolean>>;

/**
 * A value that depends on conditions, as one value for a template: made once for each combination, then merged. What is
 * the same in all combinations stands there as it is; the rest becomes `Fn::If`, as deep inside as it goes.
 */
export function vary<Name extends string>(names: readonly Name[], of: (on: Conditions<Name>) => Json): Json {
  const decide = (at: number, decided: Partial<Record<Name, boolean>>): Json => {
    const name = names[at];
    if (name === undefined) return of(decided as Conditions<Name>);
    const branch = (on: boolean) => decide(at + 1, { ...decided, [name]: on });
    return choose(name, branch(true), branch(false));
  };
  return decide(0, {});
}

function choose(condition: string, yes: Json, no: Json): Json {
  if (isDeepStrictEqual(yes, no)) return yes;
  if (Array.isArray(yes) && Array.isArray(no)) return chooseElements(condition, yes, no);
  if (isObject(yes) && isObject(no) && !isIntrinsic(yes) && !isIntrinsic(no)) {
    return chooseMembers(condition, yes, no);
  }
  return ifElse(condition, yes, no);
}

function chooseMembers(condition: string, yes: JsonObject, no: JsonObject): Json {
  const keys = [...new Set([...Object.keys(yes), ...Object.keys(no)])];
  return Object.fromEntries(keys.map((key) => [key, choose(condition, yes[key] ?? NO_VALUE, no[key] ?? NO_VALUE)]));
}

/** Elements with the same identity are one; both lists have them in the same order. */
function chooseElements(condition: string, yes: readonly Json[], no: readonly Json[]): Json {
  const merged: Json[] = [];
  const waiting = [...no];
  for (const element of yes) {
    const at = waiting.findIndex((other) => identityOf(other) === identityOf(element));
    if (at < 0) {
      merged.push(ifElse(condition, element));
      continue;
    }
    const [twin, ...before] = waiting.splice(0, at + 1).reverse();
    merged.push(...before.reverse().map((other) => ifElse(condition, NO_VALUE, other)));
    merged.push(choose(condition, element, twin ?? NO_VALUE));
  }
  return [...merged, ...waiting.map((other) => ifElse(condition, NO_VALUE, other))];
}

const IDENTITY_KEYS = ['Sid', 'Id', 'Name', 'StorageClass', 'ContainerName', 'CapacityProvider'];

function identityOf(element: Json): string {
  if (!isObject(element)) return JSON.stringify(element);
  if (Array.isArray(element['Fn::If'])) {
    const [, yes, no] = element['Fn::If'];
    return identityOf((isDeepStrictEqual(yes, NO_VALUE) ? no : yes) ?? NO_VALUE);
  }
  const key = IDENTITY_KEYS.find((name) => typeof element[name] === 'string');
  return key === undefined ? JSON.stringify(element) : `${key}=${element[key]}`;
}
