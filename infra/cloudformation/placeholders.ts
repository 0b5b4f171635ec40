import { isIntrinsic, isObject, type Json, ref, sub } from './intrinsics.ts';

/**
 * Names, policies, alarms and containers are made by functions that take text and numbers. To make a template of them,
 * they are given placeholders: `${Name}` for text, and numbers that nothing else has for numbers. `render` then turns
 * each into a reference.
 */

/** Larger than any number in a template, and small enough that twice 2^20 of it is still exact. */
const NUMBER_BASE = 1_000_000_000;
const NUMBER_STEP = 10_000;
/** A number with so many digits is a placeholder. */
const NUMBER_PATTERN = /(?<!\d)\d{10,}(?!\d)/g;
const TEXT_PATTERN = /\$\{([\w:.]+)\}/g;

export function textOf(name: string): string {
  return `\${${name}}`;
}

/** Placeholders of numeric parameters. */
export interface NumberPlaceholders {
  /** @throws Error for a name that was not given */
  of(name: string): number;
  /** The parameter of a placeholder; undefined for a plain number. */
  nameOf(value: number): string | undefined;
}

export function numberPlaceholders(names: readonly string[]): NumberPlaceholders {
  const values = new Map(names.map((name, at) => [name, NUMBER_BASE + at * NUMBER_STEP]));
  const byValue = new Map([...values].map(([name, value]) => [value, name]));
  return {
    of(name) {
      const value = values.get(name);
      if (value === undefined) throw new Error(`there is no numeric parameter ${name}`);
      return value;
    },
    nameOf: (value) => byValue.get(value),
  };
}

export interface RenderOptions {
  readonly numbers: NumberPlaceholders;
  /** Whether text may refer to this name: a parameter, a resource or a pseudo parameter. */
  readonly known: (name: string) => boolean;
}

/**
 * Turns placeholders into `Ref` and `Fn::Sub`, and everything else that looks like one into a literal.
 * @throws Error for a placeholder in a key, and for a number that was computed from a placeholder
 */
export function render(value: Json, options: RenderOptions): Json {
  if (typeof value === 'string') return renderText(value, options);
  if (typeof value === 'number') {
    if (value < NUMBER_BASE) return value;
    return ref(parameterOf(value, options));
  }
  if (Array.isArray(value)) return value.map((element) => render(element, options));
  if (!isObject(value)) return value;
  if (isIntrinsic(value) && ('Ref' in value || 'Fn::Sub' in value || 'Fn::GetAtt' in value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key.includes('${')) throw new Error(`a placeholder in a key, where CloudFormation knows none: ${key}`);
      return [key, render(member, options)];
    }),
  );
}

function parameterOf(value: number, { numbers }: RenderOptions): string {
  const name = numbers.nameOf(value);
  if (name === undefined) throw new Error(`${value} was computed from a parameter: a template cannot do that`);
  return name;
}

function renderText(text: string, options: RenderOptions): Json {
  const named = text.replace(NUMBER_PATTERN, (digits) => textOf(parameterOf(Number(digits), options)));
  const references = [...named.matchAll(TEXT_PATTERN)].map(([, name = '']) => name);
  if (!references.some(options.known)) return text;
  const [only = ''] = references;
  if (named === textOf(only) && !only.includes('.')) return ref(only);
  return sub(named.replace(/\$\{([^}]*)\}/g, (all, name: string) => (options.known(name) ? all : `\${!${name}}`)));
}
