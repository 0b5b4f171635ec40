import {
  LEDGER_EXPIRES_AT,
  LEDGER_TABLE_KEYS,
  RECEIPT_INDEX,
  type TableKeys,
  TENANT_TABLE_KEYS,
} from '../../../service/core/tables.ts';
import { ifElse, type JsonObject } from '../intrinsics.ts';
import { KEPT, type Resource } from '../stack.ts';
import { NAMES } from '../symbolic.ts';
import { keyArn } from './keys.ts';

/** The two tables of the service, as constructs/tables.ts makes them. */
export function tableResources(): Readonly<Record<string, Resource>> {
  return {
    Tenants: table(NAMES.tenantTable, TENANT_TABLE_KEYS),
    Ledger: table(
      NAMES.ledgerTable,
      LEDGER_TABLE_KEYS,
      {
        TimeToLiveSpecification: { AttributeName: LEDGER_EXPIRES_AT, Enabled: true },
        GlobalSecondaryIndexes: [
          {
            IndexName: RECEIPT_INDEX.name,
            KeySchema: [
              { AttributeName: RECEIPT_INDEX.partition, KeyType: 'HASH' },
              { AttributeName: RECEIPT_INDEX.sort, KeyType: 'RANGE' },
            ],
            Projection: { ProjectionType: 'KEYS_ONLY' },
          },
        ],
      },
      [RECEIPT_INDEX.partition],
    ),
  };
}

/** @param indexKeys attributes that only an index has as keys */
function table(name: string, keys: TableKeys, more: JsonObject = {}, indexKeys: readonly string[] = []): Resource {
  return {
    Type: 'AWS::DynamoDB::Table',
    ...KEPT,
    Properties: {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: keys.partition, KeyType: 'HASH' },
        { AttributeName: keys.sort, KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [keys.partition, keys.sort, ...indexKeys].map((attribute) => ({
        AttributeName: attribute,
        AttributeType: 'S',
      })),
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      SSESpecification: ifElse(
        'WithOwnKeys',
        { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn('Data') },
        { SSEEnabled: false },
      ),
      DeletionProtectionEnabled: ifElse('IsProduction', true, false),
      ...more,
    },
  };
}
