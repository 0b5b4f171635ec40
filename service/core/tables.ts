/** The keys of the service's two tables: docs/reference/interfaces.md and tenants.md. Both attributes of a key are text. */
export interface TableKeys {
  readonly partition: string;
  readonly sort: string;
}

export const TENANT_TABLE_KEYS: TableKeys = { partition: 'tenant_id', sort: 'type' };
export const LEDGER_TABLE_KEYS: TableKeys = { partition: 'object', sort: 'delivery' };
/** The attribute of the ledger table by which items expire, epoch seconds (DynamoDB's TTL). */
export const LEDGER_EXPIRES_AT = 'expires_at';
