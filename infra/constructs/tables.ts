import { DynamodbTable } from '@cdktn/provider-aws/lib/dynamodb-table/index.js';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';

export interface Tables {
  readonly tenants: DynamodbTable;
  readonly ledger: DynamodbTable;
}

/** The two tables of the service; their keys are the contract of docs/design.md. */
export function createTables(parent: Construct, config: Config, keyArn: string | undefined): Tables {
  const scope = new Construct(parent, 'tables');
  const createTable = (
    id: string,
    name: string,
    keys: { readonly hashKey: string; readonly rangeKey: string },
    more: { readonly ttl?: { readonly attributeName: string; readonly enabled: true } } = {},
  ) =>
    new DynamodbTable(scope, id, {
      name,
      billingMode: 'PAY_PER_REQUEST',
      ...keys,
      attribute: [keys.hashKey, keys.rangeKey].map((attribute) => ({ name: attribute, type: 'S' })),
      pointInTimeRecovery: { enabled: true },
      // `enabled: false` is not plain text: it is a key that AWS owns (DynamoDB developer guide, "Encryption at rest").
      serverSideEncryption: keyArn === undefined ? { enabled: false } : { enabled: true, kmsKeyArn: keyArn },
      deletionProtectionEnabled: config.production,
      ...more,
    });
  return {
    tenants: createTable('tenants', config.tenantTable, { hashKey: 'tenant_id', rangeKey: 'type' }),
    ledger: createTable(
      'ledger',
      config.ledgerTable,
      { hashKey: 'object', rangeKey: 'delivery' },
      { ttl: { attributeName: 'expires_at', enabled: true } },
    ),
  };
}
