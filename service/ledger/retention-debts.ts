import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { GroupPlace, RetentionDebts } from '../aws/retention.ts';

/**
 * Log groups whose retention is still to be set, in the ledger's table: an item for each, with the key
 * `retention:<account>/<region>/<group>`. An item that nobody touches is gone after a while, owed or set.
 */
export interface RetentionDebtsDeps {
  readonly dynamo: Pick<DynamoDBClient, 'send'>;
  readonly table: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** Noted anew with every try that fails; a group that is not written to for so long is not tried. */
const OWED_SECONDS = 90 * 24 * 3600;
const SET_SECONDS = 24 * 3600;

export function createRetentionDebts({ dynamo, table, nowMs }: RetentionDebtsDeps): RetentionDebts {
  const keyOf = ({ accountId, region, group }: GroupPlace) => ({
    object: { S: `retention:${accountId}/${region}/${group}` },
    delivery: { S: 'retention' },
  });
  /** @returns what was written there before */
  const write = async (place: GroupPlace, state: 'owed' | 'set', keepSeconds: number) => {
    const { Attributes } = await dynamo.send(
      new UpdateItemCommand({
        TableName: table,
        Key: keyOf(place),
        UpdateExpression: 'SET #state = :state, retention_days = :days, expires_at = :expires',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: {
          ':state': { S: state },
          ':days': { N: String(place.retentionDays ?? 0) },
          ':expires': { N: String(Math.floor(nowMs() / 1000) + keepSeconds) },
        },
        ReturnValues: 'UPDATED_OLD',
      }),
    );
    return Attributes?.state?.S;
  };
  return {
    note: async (place) => (await write(place, 'owed', OWED_SECONDS)) !== 'owed',
    async isOwed(place) {
      const { Item } = await dynamo.send(
        new GetItemCommand({ TableName: table, Key: keyOf(place), ConsistentRead: true }),
      );
      return Item?.state?.S === 'owed';
    },
    async settle(place) {
      await write(place, 'set', SET_SECONDS);
    },
  };
}
