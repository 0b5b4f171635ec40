import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { faultOf } from '../aws/fault.ts';
import type { GroupPlace, RetentionDebts } from '../aws/retention.ts';

/**
 * Log groups whose retention is still to be set, in the ledger's table: an item for each, with the key
 * `retention:<account>/<region>/<group>`. An item that nobody touches is gone after a while, owed or set.
 */
export interface RetentionDebtsDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  /** Names this process, or a thread of it. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** What is owed is noted anew with every try that fails; a group that is not written to for so long is not tried. */
const KEEP_SECONDS = { owed: 90 * 24 * 3600, set: 24 * 3600 } as const;

export function createRetentionDebts({ dynamo, table, owner, nowMs }: RetentionDebtsDeps): RetentionDebts {
  const keyOf = ({ accountId, region, group }: GroupPlace) => ({
    object: { S: `retention:${accountId}/${region}/${group}` },
    delivery: { S: 'retention' },
  });
  /** @param more of the update: who has noted it, and under which condition it may be written */
  const write = (
    place: GroupPlace,
    state: 'owed' | 'set',
    more: Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ConditionExpression'>,
  ) =>
    dynamo('UpdateItem', {
      TableName: table,
      Key: keyOf(place),
      ...more,
      UpdateExpression: `SET #state = :state, retention_days = :days, expires_at = :expires${more.UpdateExpression}`,
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: {
        ':state': { S: state },
        ':days': { N: String(place.retentionDays ?? 0) },
        ':expires': { N: String(Math.floor(nowMs() / 1000) + KEEP_SECONDS[state]) },
        ...(`${more.UpdateExpression}${more.ConditionExpression}`.includes(':me') ? { ':me': { S: owner } } : {}),
      },
    });
  return {
    async note(place) {
      await write(place, 'owed', { UpdateExpression: ', noted_by = if_not_exists(noted_by, :me)' });
    },
    async claim(place) {
      await write(place, 'owed', { UpdateExpression: ', noted_by = :me' });
    },
    async withdraw(place) {
      try {
        await write(place, 'set', { UpdateExpression: ' REMOVE noted_by', ConditionExpression: 'noted_by = :me' });
      } catch (error) {
        // It is in the name of another process, which settles it.
        if (faultOf(error) !== 'condition') throw error;
      }
    },
    async isOwed(place) {
      const { Item } = await dynamo('GetItem', { TableName: table, Key: keyOf(place), ConsistentRead: true });
      return Item?.state?.S === 'owed';
    },
    async settle(place) {
      await write(place, 'set', { UpdateExpression: ' REMOVE noted_by' });
    },
  };
}
