import { SETTINGS } from '../../infra/config/schema.ts';
import type { Row } from './table.ts';

/** A value that breaks the rule of every setting. */
const WRONG = Symbol('wrong');
type Schema = typeof SETTINGS extends ReadonlyMap<string, infer Value> ? Value : never;

/** Path, default and rule of every setting of the infrastructure. The rule is what a wrong value is answered with. */
export function infrastructureRows(): Row[] {
  const paths = [...SETTINGS.keys()];
  return [...SETTINGS]
    .filter(([path]) => !paths.some((other) => other.startsWith(`${path}.`)))
    .map(([path, schema]) => ({ key: `\`${path}\``, cells: [defaultOf(schema), ruleOf(schema)] }));
}

function defaultOf(schema: Schema): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return 'required';
  if (data === undefined) return 'none';
  return `\`${typeof data === 'string' ? data : JSON.stringify(data)}\``;
}

function ruleOf(schema: Schema): string {
  const entries = messageOf(schema, [WRONG]);
  const rule =
    entries === undefined || entries === messageOf(schema, WRONG) ? '' : `; each ${entries.replace(/^must be /, '')}`;
  const orNull = schema.safeParse(null).success ? ', or null' : '';
  return `${(messageOf(schema, WRONG) ?? '').replace(/^must be /, '')}${orNull}${rule}`.replaceAll('|', '\\|');
}

/** What the schema says to a value that it refuses. */
function messageOf(schema: Schema, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues.find(({ message }) => message !== '')?.message;
}
