import { DynamodbTable, type DynamodbTableConfig } from '@cdktn/provider-aws/lib/dynamodb-table/index.js';
import { Construct } from 'constructs';
import {
  LEDGER_EXPIRES_AT,
  LEDGER_TABLE_KEYS,
  RECEIPT_INDEX,
  type TableKeys,
  TENANT_TABLE_KEYS,
} from '../../service/core/tables.ts';
import type { Config } from '../config/config.ts';
import type { Names } from '../values/names.ts';
import { kept } from './kept.ts';

export interface Tables {
  readonly tenants: DynamodbTable;
  readonly ledger: DynamodbTable;
}

/** The two tables of the service. */
export function createTables(
  parent: Construct,
  { config, names, keyArn }: { config: Config; names: Names; keyArn: string | undefined },
): Tables {
  const scope = new Construct(parent, 'tables');
  const createTable = (
    id: string,
    name: string,
    keys: TableKeys,
    {
      indexKeys = [],
      ...more
    }: Pick<DynamodbTableConfig, 'ttl' | 'globalSecondaryIndex'> & {
      readonly indexKeys?: readonly string[];
    } = {},
  ) =>
    new DynamodbTable(scope, id, {
      name,
      billingMode: 'PAY_PER_REQUEST',
      hashKey: keys.partition,
      rangeKey: keys.sort,
      attribute: [keys.partition, keys.sort, ...indexKeys].map((attribute) => ({ name: attribute, type: 'S' })),
      pointInTimeRecovery: { enabled: true },
      // `enabled: false` is not plain text: it is a key that AWS owns (DynamoDB developer guide, "Encryption at rest").
      serverSideEncryption: keyArn === undefined ? { enabled: false } : { enabled: true, kmsKeyArn: keyArn },
      deletionProtectionEnabled: config.production,
      ...kept(config),
      ...more,
    });
  return {
    tenants: createTable('tenants', names.tenantTable, TENANT_TABLE_KEYS),
    ledger: createTable('ledger', names.ledgerTable, LEDGER_TABLE_KEYS, {
      ttl: { attributeName: LEDGER_EXPIRES_AT, enabled: true },
      // Of what no receipt has yet: empty where nobody gets receipts, and free then.
      indexKeys: [RECEIPT_INDEX.partition],
      globalSecondaryIndex: [
        {
          name: RECEIPT_INDEX.name,
          hashKey: RECEIPT_INDEX.partition,
          rangeKey: RECEIPT_INDEX.sort,
          projectionType: 'KEYS_ONLY',
        },
      ],
    }),
  };
}
