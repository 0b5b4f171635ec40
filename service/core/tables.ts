/** The keys of the service's two tables: docs/reference/interfaces.md and tenants.md. Both attributes of a key are text. */
export interface TableKeys {
  readonly partition: string;
  readonly sort: string;
}

export const TENANT_TABLE_KEYS: TableKeys = { partition: 'tenant_id', sort: 'type' };
export const LEDGER_TABLE_KEYS: TableKeys = { partition: 'object', sort: 'delivery' };
/** The attribute of the ledger table by which items expire, epoch seconds (DynamoDB's TTL). */
export const LEDGER_EXPIRES_AT = 'expires_at';

/**
 * The index of the ledger table over what no receipt has yet. Items without its partition key are not in it: it is as large as an hour's
 * work. It has keys only; the items themselves are read from the table.
 */
export const RECEIPT_INDEX = { name: 'receipt-due', partition: 'receipt_due', sort: 'object' } as const;
