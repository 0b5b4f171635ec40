import type { Call, DynamoApi } from '../aws/api.ts';
import { faultOf } from '../aws/fault.ts';
import { MESSAGE_DAYS_MAX } from '../core/limits.ts';

/**
 * What became of an object's announcement, in the ledger's table beside its deliveries (decisions/0057): that its message is a dead
 * letter, and that the reconciliation has announced it. A mark goes with its object's deliveries, after 14 days.
 */
export interface Marks {
  /** Notes that an object's message is a dead letter. @param object `s3://bucket/key#version` */
  deadLetter(object: string, reason: string): Promise<void>;
  /**
   * Asks to announce an object anew. One that was announced before `readMs` may be announced again, so often at most; of one
   * that was announced later the announcement may still wait in the queue.
   */
  claim(object: string, readMs: number): Promise<'claimed' | 'announced' | 'given up'>;
  /**
   * After a claim whose announcement failed: it does not count. The object can be claimed again once the queue is read further than the
   * claim, as SQS may have taken the announcement, and only its answer was lost.
   */
  giveBack(object: string): Promise<void>;
}

export interface MarksDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
}

/** In the place of a delivery: no tenant's, as those have a slash. */
export const DEAD_LETTER_MARK = 'dead-letter';
export const ANNOUNCED_MARK = 'reconcile';
const KEEP_SECONDS = MESSAGE_DAYS_MAX * 24 * 3600;
/** An object that was announced so often and is nowhere is not helped by one announcement more. */
export const ANNOUNCEMENTS_MAX = 3;

export function createMarks({ dynamo, table, nowMs }: MarksDeps): Marks {
  const expires = () => ({ N: String(Math.floor(nowMs() / 1000) + KEEP_SECONDS) });
  return {
    async deadLetter(object, reason) {
      await dynamo('UpdateItem', {
        TableName: table,
        Key: { object: { S: object }, delivery: { S: DEAD_LETTER_MARK } },
        UpdateExpression: 'SET #state = :dead, reason = :reason, expires_at = :expires',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':dead': { S: 'dead' }, ':reason': { S: reason }, ':expires': expires() },
      });
    },
    async claim(object, readMs) {
      const Key = { object: { S: object }, delivery: { S: ANNOUNCED_MARK } };
      try {
        await dynamo('UpdateItem', {
          TableName: table,
          Key,
          UpdateExpression:
            'SET #state = :announced, announced_ms = :now, expires_at = :expires ADD announcements :one',
          ConditionExpression: 'attribute_not_exists(announced_ms) OR (announced_ms < :read AND announcements < :most)',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: {
            ':announced': { S: 'announced' },
            ':now': { N: String(Math.round(nowMs())) },
            ':expires': expires(),
            ':one': { N: '1' },
            ':read': { N: String(Math.round(readMs)) },
            ':most': { N: String(ANNOUNCEMENTS_MAX) },
          },
        });
        return 'claimed';
      } catch (error) {
        if (faultOf(error) !== 'condition') throw error;
      }
      const { Item } = await dynamo('GetItem', { TableName: table, Key, ConsistentRead: true });
      const isOver = Number(Item?.announcements?.N ?? 0) >= ANNOUNCEMENTS_MAX;
      return isOver && Number(Item?.announced_ms?.N ?? 0) < readMs ? 'given up' : 'announced';
    },
    async giveBack(object) {
      try {
        await dynamo('UpdateItem', {
          TableName: table,
          Key: { object: { S: object }, delivery: { S: ANNOUNCED_MARK } },
          UpdateExpression: 'ADD announcements :less',
          ConditionExpression: 'announcements > :none',
          ExpressionAttributeValues: { ':less': { N: '-1' }, ':none': { N: '0' } },
        });
      } catch (error) {
        // The mark has expired, or its table is another one by now.
        if (faultOf(error) !== 'condition') throw error;
      }
    },
  };
}
