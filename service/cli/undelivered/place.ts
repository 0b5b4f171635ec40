import { createHash } from 'node:crypto';
import { withoutRest } from '../../core/object-key.ts';
import type { Selection } from './source.ts';

/** A record that is written back, and the folder that the service reads it from. */
export interface PlacedRecord {
  /** What the object key template makes of the record, with a `/` at its end. */
  readonly folder: string;
  readonly tenant: string;
  /** One line of JSON. */
  readonly line: string;
}

/** What a line of a stray object becomes. */
export type Placed = PlacedRecord | 'unusable' | 'not-selected';

type Fields = Readonly<Record<string, unknown>>;

/** In a record the tenant is called `customer_tenant`; every other placeholder of a key has the record's name. */
const fieldOf = (placeholder: string) => (placeholder === 'tenant_id' ? 'customer_tenant' : placeholder);

/**
 * The record with its folder, or why it has none: it is no JSON object, or lacks a value for a placeholder of the template.
 * @param template OBJECT_KEY_TEMPLATE
 */
export function placeRecord(template: string, text: string, selection: Selection): Placed {
  const fields = parseFields(text);
  if (!fields) return 'unusable';
  if (selection.namespace !== undefined && namespaceOf(fields) !== selection.namespace) return 'not-selected';
  const claimed = selection.claimFor === undefined ? fields : claim(fields, selection.claimFor);
  const tenant = textOf(claimed.customer_tenant);
  if (selection.tenant !== undefined && tenant !== selection.tenant) return 'not-selected';
  let complete = true;
  const folder = withoutRest(template).replace(/\{(\w+)\}/g, (_all, name: string) => {
    const value = textOf(claimed[fieldOf(name)]);
    complete &&= value !== '';
    return encodeURIComponent(value);
  });
  if (!complete || tenant === '') return 'unusable';
  // As it came, unless it was changed: numbers of any size keep their digits.
  const line = claimed === fields ? text : JSON.stringify(claimed);
  return { folder: folder.endsWith('/') ? folder : `${folder}/`, tenant, line };
}

/** The record as the tenant's; the collector's note that it has none goes. */
function claim(fields: Fields, tenant: string): Fields {
  const { without_tenant: _, ...record } = fields;
  return { ...record, customer_tenant: tenant };
}

function namespaceOf({ kubernetes }: Fields): string {
  return typeof kubernetes === 'object' && kubernetes !== null && 'namespace' in kubernetes
    ? textOf(kubernetes.namespace)
    : '';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parseFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** The same source, claim and part have the same key, so that a repeated redrive finds what it has written. */
export function redrivenKey(folder: string, source: string, { namespace, claimFor }: Selection, part: number): string {
  const claim = claimFor === undefined ? '' : `${namespace ?? ''}\n${claimFor}`;
  const name = createHash('sha256').update(`${source}\n${claim}`).digest('hex').slice(0, 32);
  return `${folder}redriven/${name}-${part}.log.gz`;
}
