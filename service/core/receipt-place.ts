/** Where a tenant's receipts are written: its bucket, or a stream of its own in one of its log groups. */
export type ReceiptPlace =
  | {
      readonly kind: 'bucket';
      readonly bucket: string;
      /** Put before each key. */
      readonly prefix: string;
    }
  | { readonly kind: 'log-group'; readonly group: string };

/** In a log group. A stream that events go to may have no such name. */
export const RECEIPT_STREAM = 'log-distributor/receipts';

export const RECEIPT_PLACE_RULE = 'must be s3://bucket, s3://bucket/prefix/ or log-group:name';

const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/((?:[a-zA-Z0-9!_.*'()=-]+\/)*))?$/;
/** CloudWatch Logs API reference, CreateLogGroup. */
const GROUP = /^log-group:([a-zA-Z0-9_\-/.#]{1,512})$/;

/** @returns undefined for what names no such place */
export function parseReceiptPlace(text: string): ReceiptPlace | undefined {
  const [, bucket, prefix = ''] = BUCKET.exec(text) ?? [];
  if (bucket !== undefined && !bucket.includes('..')) return { kind: 'bucket', bucket, prefix };
  const [, group] = GROUP.exec(text) ?? [];
  return group === undefined ? undefined : { kind: 'log-group', group };
}

export function formatReceiptPlace(place: ReceiptPlace): string {
  return place.kind === 'bucket' ? `s3://${place.bucket}/${place.prefix}` : `log-group:${place.group}`;
}

/** Digits of a receipt's number in its key, so that keys sort in the chain's order. */
const NUMBER_DIGITS = 9;
/** Of its hash: 64 bits, of a handful of receipts that have the same number. */
const HASH_DIGITS = 16;

/** The folder of a tenant's receipts in a bucket, and the only one that its role has to write to. */
export function tenantFolder(prefix: string, tenant: string): string {
  return `${prefix}${encodeURIComponent(tenant)}/`;
}

/** The folder of a chain in a bucket. */
export function receiptFolder(prefix: string, tenant: string, delivery: string): string {
  return `${tenantFolder(prefix, tenant)}${encodeURIComponent(delivery)}/`;
}

/**
 * The hash tells a receipt from another one of its number. Where a ledger was lost, a chain begins anew, and its receipts must not be taken
 * for those that are there.
 * @param receipt its `hash` is its `receiptHash`
 */
export function receiptKey(
  prefix: string,
  tenant: string,
  delivery: string,
  { number, hash }: { readonly number: number; readonly hash: string },
): string {
  const name = `${String(number).padStart(NUMBER_DIGITS, '0')}-${hash.slice(0, HASH_DIGITS)}`;
  return `${receiptFolder(prefix, tenant, delivery)}${name}.ndjson`;
}
