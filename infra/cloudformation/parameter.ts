import type { Config } from '../config/config.ts';

/** A parameter of the templates: one setting of the configuration, or a part of one. */
export interface Parameter {
  readonly name: string;
  readonly group: string;
  readonly description: string;
  /** Text unless said otherwise. What chooses from a list or a mapping is text, also where it looks like a number. */
  readonly type?: 'Number';
  /** What the parameter is for given settings; undefined: it must be given with each deployment. */
  readonly of: ((config: Config) => string) | undefined;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly minValue?: number;
  readonly maxValue?: number;
  readonly rule?: string;
}

type Constraints = Omit<Parameter, 'name' | 'group' | 'description' | 'of'>;
type Of = Parameter['of'];
export const TRUTH: Constraints = { allowedValues: ['true', 'false'] };
export const number = (minValue: number, maxValue: number): Constraints => ({ type: 'Number', minValue, maxValue });
export const oneOf = (values: readonly (string | number)[]): Constraints => ({ allowedValues: values.map(String) });
export const pattern = (allowedPattern: string, rule: string): Constraints => ({ allowedPattern, rule });

/** Parameters that a form shows together. */
export function group(
  name: string,
  entries: Readonly<Record<string, readonly [Constraints, Of, string]>>,
): readonly Parameter[] {
  return Object.entries(entries).map(([parameter, [constraints, of, description]]) => ({
    name: parameter,
    group: name,
    description,
    of,
    ...constraints,
  }));
}

/** Parameters for the elements of a list. */
export function slots(
  name: string,
  count: number,
  entry: (at: number) => readonly [Constraints, Of, string],
): Readonly<Record<string, readonly [Constraints, Of, string]>> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at + 1}`, entry(at)]));
}
