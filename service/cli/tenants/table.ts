import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { ATTRIBUTE_NAMES } from '../../destination/parse-delivery.ts';
import type { Item } from './item.ts';

/** The tenant table as an operator changes it: every write says what it expects to find. */
export interface TenantTable {
  all(): AsyncGenerator<Item, void, undefined>;
  /** The items of a tenant, in the order of their type. */
  of(tenantId: string): Promise<Item[]>;
  /**
   * Writes an item, if the table still holds what was seen there.
   * @param before undefined: nothing is there yet
   * @returns false when somebody else has changed it meanwhile; nothing is written then
   */
  write(before: Item | undefined, after: Item): Promise<boolean>;
}

/** As doubles, whatever their size: the SDK would throw at others. */
const UNMARSHALL = { wrapNumbers: Number };

/** @param signal ends reads. Default: none does, for a command that goes on to tell what it has not done */
export function createTenantTable(
  dynamo: Pick<DynamoDBClient, 'send'>,
  table: string,
  signal?: AbortSignal,
): TenantTable {
  const reading = signal ? { abortSignal: signal } : {};
  return {
    async *all() {
      let from: Record<string, AttributeValue> | undefined;
      do {
        const page = await dynamo.send(
          new ScanCommand({ TableName: table, ConsistentRead: true, ...(from ? { ExclusiveStartKey: from } : {}) }),
          reading,
        );
        for (const item of page.Items ?? []) yield unmarshall(item, UNMARSHALL);
        from = page.LastEvaluatedKey;
      } while (from);
    },
    async of(tenantId) {
      const items: Item[] = [];
      let from: Record<string, AttributeValue> | undefined;
      do {
        const page = await dynamo.send(
          new QueryCommand({
            TableName: table,
            ConsistentRead: true,
            KeyConditionExpression: 'tenant_id = :tenant_id',
            ExpressionAttributeValues: { ':tenant_id': { S: tenantId } },
            ...(from ? { ExclusiveStartKey: from } : {}),
          }),
          reading,
        );
        for (const item of page.Items ?? []) items.push(unmarshall(item, UNMARSHALL));
        from = page.LastEvaluatedKey;
      } while (from);
      return items;
    },
    async write(before, after) {
      try {
        await dynamo.send(
          new PutItemCommand({
            TableName: table,
            Item: marshall(after, { removeUndefinedValues: true }),
            ...expectation(before),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

/** The item has no version, so all of its attributes are compared, and those that it may have are not to be there. */
function expectation(before: Item | undefined) {
  if (!before) {
    return { ConditionExpression: 'attribute_not_exists(#n0)', ExpressionAttributeNames: { '#n0': 'tenant_id' } };
  }
  const attributes = Object.entries(marshall(before, { removeUndefinedValues: true }));
  const absent = ATTRIBUTE_NAMES.filter((name) => before[name] === undefined);
  const conditions = [
    ...attributes.map((_, at) => `#n${at} = :v${at}`),
    ...absent.map((_, at) => `attribute_not_exists(#a${at})`),
  ];
  return {
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries([
      ...attributes.map(([name], at) => [`#n${at}`, name]),
      ...absent.map((name, at) => [`#a${at}`, name]),
    ]),
    ExpressionAttributeValues: Object.fromEntries(attributes.map(([, value], at) => [`:v${at}`, value])),
  };
}
