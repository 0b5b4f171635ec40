import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseObjectId } from '../core/notification.ts';

/** The contract between the service, which writes files into the quarantine, and people's commands, which read them. */

/** One record or event that is kept because it could not be delivered. */
export interface QuarantineLine {
  readonly object: string;
  readonly delivery: string;
  /** Ordinal of the record in the object, from 0. */
  readonly record: number;
  readonly reason: string;
  readonly detail: string;
  /** Epoch milliseconds; absent where the record has none that is valid. */
  readonly timestamp?: number;
  /** Absent where the text is elsewhere. */
  readonly message?: string;
  /** URL of the file in the tenant's bucket that has the same line with its text. */
  readonly kept_at?: string;
  /**
   * The bytes that the message was read from, where they are not UTF-8, so that it has U+FFFD in place of some: of text formats the
   * whole record's, of Parquet the message's.
   */
  readonly original_base64?: string;
}

export interface QuarantineKeyParts {
  readonly tenant: string;
  readonly reason: string;
}

/** A folder for each tenant and, within it, for each reason; without them, of all. */
export function quarantineFolder(
  prefix: string,
  { tenant, reason }: { readonly [K in keyof QuarantineKeyParts]: string | undefined },
): string {
  if (tenant === undefined) return prefix;
  const ofTenant = `${prefix}tenant_id=${encodeURIComponent(tenant)}/`;
  return reason === undefined ? ofTenant : `${ofTenant}reason=${reason}/`;
}

/**
 * `<prefix>tenant_id=…/reason=…/<name>.ndjson.gz`
 * @param place names the lines' place in their delivery: the same place has the same key, so that it is overwritten, never added
 */
export function quarantineKey(
  prefix: string,
  { place, ...parts }: QuarantineKeyParts & { readonly place: string },
): string {
  const name = createHash('sha256').update(place).digest('hex').slice(0, 32);
  return `${quarantineFolder(prefix, parts)}${name}.ndjson.gz`;
}

/** The inverse of `quarantineKey`; undefined for a key that the service did not write. */
export function parseQuarantineKey(prefix: string, key: string): QuarantineKeyParts | undefined {
  if (!key.startsWith(prefix)) return undefined;
  const match = /^tenant_id=([^/]+)\/reason=([a-z_]+)\/[^/]+\.ndjson\.gz$/.exec(key.slice(prefix.length));
  if (!match) return undefined;
  try {
    return { tenant: decodeURIComponent(match[1] ?? ''), reason: match[2] ?? '' };
  } catch {
    return undefined;
  }
}

const LINE = z.object({
  object: z.string().refine((name) => parseObjectId(name) !== undefined),
  delivery: z.string(),
  record: z.int().nonnegative(),
  reason: z.string(),
  detail: z.string().catch(''),
  timestamp: z.number().optional(),
  message: z.string().catch(''),
  kept_at: z.string().optional(),
  original_base64: z.base64().optional(),
});
export type QuarantinedRecord = z.output<typeof LINE>;

/** @throws Error at a line that the service did not write */
export function parseLine(line: string): QuarantinedRecord {
  return LINE.parse(JSON.parse(line));
}
