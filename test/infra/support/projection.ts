import type { LogTable } from '../../../infra/values/athena.ts';

/** For each partition column, the values that a query asks for. */
export type Conditions = Readonly<Record<string, readonly string[]>>;

/**
 * The prefixes that Athena lists for a query, without `s3://` (Athena user guide, "Supported types for partition projection").
 * @throws Error as Athena refuses a query that names no value of an injected column
 */
export function projectedPrefixes({ parameters, partitionKeys }: LogTable, conditions: Conditions): readonly string[] {
  if (parameters['projection.enabled'] !== 'true') throw new Error('no projection');
  let prefixes = [String(parameters['storage.location.template'])];
  for (const { name } of partitionKeys) {
    const asked = conditions[name];
    const possible = valuesOf(parameters, name);
    if (possible === undefined && asked === undefined) throw new Error(`no equality condition on ${name}`);
    const values = possible === undefined ? asked : possible.filter((value) => asked?.includes(value) ?? true);
    prefixes = prefixes.flatMap((prefix) =>
      (values ?? []).map((value) => {
        if (!prefix.includes(`\${${name}}`)) throw new Error(`${name} is not in the template`);
        return prefix.replaceAll(`\${${name}}`, value);
      }),
    );
  }
  return prefixes.map((prefix) => prefix.replace('s3://', ''));
}

/** All values of a column; undefined for an injected one, whose values only a query knows. */
function valuesOf(parameters: LogTable['parameters'], column: string): readonly string[] | undefined {
  const property = (name: string) => parameters[`projection.${column}.${name}`];
  switch (property('type')) {
    case 'injected':
      return undefined;
    case 'enum':
      return property('values')?.split(',') ?? [];
    case 'integer': {
      const [from = 0, to = 0] = property('range')?.split(',').map(Number) ?? [];
      const digits = Number(property('digits'));
      return Array.from({ length: to - from + 1 }, (_, at) => String(from + at).padStart(digits, '0'));
    }
    default:
      throw new Error(`${column} has no projection`);
  }
}

/** The conditions on partition columns of a query's WHERE: `column = 'value'` and `column IN ('value', …)`. */
export function conditionsOf(sql: string, { partitionKeys }: LogTable): Conditions {
  const conditions: Record<string, readonly string[]> = {};
  for (const { name } of partitionKeys) {
    const [, one, several] = new RegExp(`\\b${name} (?:= '([^']*)'|IN \\(([^)]*)\\))`).exec(sql) ?? [];
    if (one !== undefined) conditions[name] = [one];
    if (several !== undefined) conditions[name] = [...several.matchAll(/'([^']*)'/g)].map(([, value = '']) => value);
  }
  return conditions;
}
