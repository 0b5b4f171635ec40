import { createHash } from 'node:crypto';
import type { RecordField } from './chunk.ts';
import { LOG_GROUP_NAME, LOG_STREAM_NAME, NAME_LENGTH_MAX } from './limits.ts';

/**
 * Templates for log group and log stream names, such as `/tenant-logs/acme/{application}`.
 *
 * The rule that everything here serves: text from a record must never choose a destination outside the literal text
 * that the tenant's configuration gives. So values are sanitized to one path segment, and a template must begin with
 * literal text.
 */

/** What may stand in braces: record fields, the tenant, and the UTC date of the event. */
export type TemplateVariable = Exclude<RecordField, 'customer_tenant' | 'file'> | 'date';

const VARIABLES: ReadonlySet<string> = new Set<TemplateVariable>([
  'cluster_id',
  'environment',
  'application',
  'log_level',
  'namespace',
  'pod_name',
  'container_name',
  'node_name',
  'source_type',
  'date',
]);

export interface NameTemplate {
  /** The text that it was compiled from. */
  readonly source: string;
  /** The variables that it needs, each once. */
  readonly variables: readonly TemplateVariable[];
  /** `values` in the order of `variables`; '' where the record has none. Always a valid name. */
  render(values: readonly string[]): string;
}

/** Longest value that is taken as it is. Leaves room for several in one name of 512 characters. */
const VALUE_LENGTH_MAX = 128;
/** Stands for a value that the record does not have. */
const ABSENT = 'unknown';

/**
 * @param kind which characters the literal text may hold
 * @param tenantId replaces `{tenant_id}`, which is the platform's own word and counts as literal text
 * @throws Error with the rule that the template breaks
 */
export function compileNameTemplate(source: string, kind: 'group' | 'stream', tenantId: string): NameTemplate {
  const pieces = source.replaceAll('{tenant_id}', () => sanitizeValue(tenantId)).split(/\{([^{}]*)\}/);
  const literals = pieces.filter((_, at) => at % 2 === 0);
  const names = pieces.filter((_, at) => at % 2 === 1);
  checkLiterals(literals, kind);
  if (kind === 'group' && literals[0] === '') throw new Error('must begin with literal text');
  // Reserved (API reference, CreateLogGroup); `/aws/` is not.
  if (kind === 'group' && literals[0]?.startsWith('aws/')) throw new Error('may not begin with aws/');
  const variables: TemplateVariable[] = [];
  const slots = names.map((name) => {
    if (!isVariable(name)) throw new Error(`has an unknown placeholder {${name}}`);
    const known = variables.indexOf(name);
    return known === -1 ? variables.push(name) - 1 : known;
  });
  return {
    source,
    variables,
    render(values) {
      let name = literals[0] ?? '';
      for (const [at, slot] of slots.entries()) name += sanitizeValue(values[slot] ?? '') + (literals[at + 1] ?? '');
      return name.length <= NAME_LENGTH_MAX ? name : shorten(name, NAME_LENGTH_MAX);
    },
  };
}

/** A name without placeholders, which is what it is. */
export function literalName(source: string): NameTemplate {
  return { source, variables: [], render: () => source };
}

function checkLiterals(literals: readonly string[], kind: 'group' | 'stream'): void {
  const text = literals.join('');
  if (text.includes('{') || text.includes('}')) throw new Error('has a brace that opens or closes no placeholder');
  if (text.length > NAME_LENGTH_MAX / 2)
    throw new Error(`has more than ${NAME_LENGTH_MAX / 2} characters of literal text`);
  const allowed = kind === 'group' ? LOG_GROUP_NAME : LOG_STREAM_NAME;
  if (text !== '' && !allowed.test(text)) {
    throw new Error(kind === 'group' ? 'may hold only a-zA-Z0-9_-/.#' : 'may not hold ":", "*" or control characters');
  }
}

function isVariable(name: string): name is TemplateVariable {
  return VARIABLES.has(name);
}

/**
 * One path segment of `a-zA-Z0-9_-.#`: every other character, the slash above all, becomes `_`; a segment of dots only
 * would climb or vanish where names are shown as paths, so its dots become `_` too.
 */
export function sanitizeValue(value: string): string {
  if (value === '') return ABSENT;
  const clean = value.replace(/[^a-zA-Z0-9_\-.#]/gu, '_');
  const segment = /^\.+$/.test(clean) ? '_'.repeat(clean.length) : clean;
  return segment.length <= VALUE_LENGTH_MAX ? segment : shorten(segment, VALUE_LENGTH_MAX);
}

/** Cuts to a length, and keeps two long names that differ only in what was cut apart by a hash. */
function shorten(text: string, lengthMax: number): string {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  // A cut may fall between the halves of a character.
  return `${text.slice(0, lengthMax - hash.length - 1).toWellFormed()}-${hash}`;
}
