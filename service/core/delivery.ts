import type { RecordField } from './chunk.ts';
import type { Target } from './target.ts';

/**
 * A delivery: one destination of one tenant, as its item in the tenant table describes it.
 * The item's attributes are the public contract; `destination/` is their only reader and their only rulebook.
 */
export interface Delivery {
  readonly tenantId: string;
  /** The kind of destination, or `kind#name` for a further one: `cloudwatch`, `s3#archive`. */
  readonly type: string;
  readonly enabled: boolean;
  readonly roleArn: string;
  /** The role's. */
  readonly accountId: string;
  readonly externalId: string | undefined;
  readonly region: string;
  /** Where it goes: what its kind of destination adds to the attributes that all deliveries have. */
  readonly target: Target;
  /** Only records of these applications; null: all. */
  readonly applications: ReadonlySet<string> | null;
  /** Only records of this severity or more, and those whose level nobody knows; null: all. */
  readonly minLevel: number | null;
  readonly messageFormat: 'message' | 'record';
  /** The shape of the tenant's objects of text (object/text/shape.ts); undefined: each object's own content says it. */
  readonly inputFormat: string | undefined;
  readonly bytesPerSecondMax: number | undefined;
}

/** An item that breaks a rule, with every problem of the item, each `attribute: rule (got value)`. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** The record fields that must be decoded to filter and to route for this delivery. */
export function fieldsOf(delivery: Delivery): RecordField[] {
  const fields = new Set<RecordField>(['customer_tenant']);
  if (delivery.applications) fields.add('application');
  if (delivery.minLevel !== null) fields.add('log_level');
  for (const variable of [...delivery.target.group.variables, ...delivery.target.stream.variables]) {
    if (variable !== 'date') fields.add(variable);
  }
  return [...fields];
}

/** What batch boundaries depend on besides the records: when it changes, a half-delivered chunk starts anew. */
export function layoutOf(delivery: Delivery): string {
  return JSON.stringify([
    delivery.target.kind,
    delivery.target.group.source,
    delivery.target.stream.source,
    delivery.applications ? [...delivery.applications].sort() : null,
    delivery.minLevel,
    delivery.messageFormat,
  ]);
}
