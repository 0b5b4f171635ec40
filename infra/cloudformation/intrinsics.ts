/** A value in a template. */
export type Json = string | number | boolean | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** CloudFormation drops what has this value (CloudFormation user guide, "Pseudo parameters"). */
export const NO_VALUE: Json = { Ref: 'AWS::NoValue' };

export function ref(name: string): JsonObject {
  return { Ref: name };
}

export function getAtt(resource: string, attribute: string): JsonObject {
  return { 'Fn::GetAtt': [resource, attribute] };
}

export function sub(text: string): JsonObject {
  return { 'Fn::Sub': text };
}

export function ifElse(condition: string, yes: Json, no: Json = NO_VALUE): JsonObject {
  return { 'Fn::If': [condition, yes, no] };
}

export function select(at: number, list: Json): JsonObject {
  return { 'Fn::Select': [at, list] };
}

export function split(separator: string, text: Json): JsonObject {
  return { 'Fn::Split': [separator, text] };
}

export function join(separator: string, list: Json): JsonObject {
  return { 'Fn::Join': [separator, list] };
}

export function findInMap(map: string, key: Json, column: string): JsonObject {
  return { 'Fn::FindInMap': [map, key, column] };
}

export function equals(a: Json, b: Json): JsonObject {
  return { 'Fn::Equals': [a, b] };
}

export function not(condition: Json): JsonObject {
  return { 'Fn::Not': [condition] };
}

export function and(...conditions: readonly Json[]): JsonObject {
  return { 'Fn::And': conditions };
}

export function or(...conditions: readonly Json[]): JsonObject {
  return { 'Fn::Or': conditions };
}

/** Another condition, inside a condition. */
export function holds(condition: string): JsonObject {
  return { Condition: condition };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value);
}

/** `Ref`, `Fn::…` or `Condition`: an object that stands for another value. */
export function isIntrinsic(value: Json | undefined): value is JsonObject {
  if (!isObject(value)) return false;
  const [key, ...others] = Object.keys(value);
  return others.length === 0 && key !== undefined && (key === 'Ref' || key.startsWith('Fn::'));
}

/** Plain data as a value of a template: members that are undefined are left out. */
export function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
