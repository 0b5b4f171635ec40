import { DistributorError } from '../base/errors.ts';

/** What an object's key says about the records in it. */
export type KeyFields = Readonly<Record<string, string>> & { readonly tenant_id: string };

export interface KeyTemplate {
  /** The text before the first placeholder: what a listing or a notification filter can use. */
  readonly literalPrefix: string;
  /** @throws DistributorError `object-key-invalid` when the key does not have the template's shape or a segment is empty. */
  parse(key: string): KeyFields;
  /** The beginning of a key that is parsed to this tenant, and to `other` for every other placeholder. */
  build(tenantId: string, other: string): string;
}

const PLACEHOLDER = /\{([a-z_][a-z0-9_]*)\}/g;

/** A trailing `…`, `*` or `...` in a template means "whatever follows", which is so anyway. */
export function withoutRest(template: string): string {
  return template.replace(/(\u2026|\*|\.\.\.)$/, '');
}

/**
 * Compiles a template such as `logs/tenant_id={tenant_id}/cluster_id={cluster_id}/`. A placeholder matches one or more
 * characters other than `/`; the template matches the beginning of a key, whatever follows.
 *
 * Values are percent-decoded: Hive-style writers encode what they must not write as it is.
 * @throws Error when the template has no {tenant_id}, or a placeholder twice.
 */
export function compileKeyTemplate(template: string): KeyTemplate {
  const names: string[] = [];
  let pattern = '';
  let literalEnd = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const name = match[1] ?? '';
    if (names.includes(name)) throw new Error(`{${name}} occurs twice`);
    // `[^/]*` and a check afterwards, so that an empty segment gets an answer that says so.
    pattern += `${RegExp.escape(template.slice(literalEnd, match.index))}([^/]*)`;
    names.push(name);
    literalEnd = match.index + match[0].length;
  }
  if (!names.includes('tenant_id')) throw new Error('must contain {tenant_id}');
  const trimmed = withoutRest(template);
  pattern += RegExp.escape(trimmed.slice(literalEnd));
  const expression = new RegExp(`^${pattern}`, 'u');

  return {
    literalPrefix: template.slice(0, template.indexOf('{')),
    parse(key) {
      const match = expression.exec(key);
      if (!match) throw invalid(key, `it does not begin like ${template}`);
      const fields: Record<string, string> = {};
      for (const [at, name] of names.entries()) {
        const value = decode(match[at + 1] ?? '');
        if (value === '') throw invalid(key, `its {${name}} is empty`);
        fields[name] = value;
      }
      return fields as Record<string, string> & { tenant_id: string };
    },
    build: (tenantId, other) =>
      trimmed.replace(PLACEHOLDER, (_, name) => encodeURIComponent(name === 'tenant_id' ? tenantId : other)),
  };
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function invalid(key: string, why: string): DistributorError {
  return new DistributorError('object-key-invalid', `the key ${JSON.stringify(key)} names no tenant: ${why}`);
}
