import type { AttributeValue, ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import pLimit from 'p-limit';
import * as z from 'zod';
import type { Call, DynamoApi } from '../aws/api.ts';
import { awsFailure } from '../aws/words.ts';
import { LEDGER_EXPIRES_AT, LEDGER_TABLE_KEYS } from '../core/tables.ts';
import {
  addUsage,
  DAY_MS,
  dayOf,
  NO_USAGE,
  startOfDay,
  USAGE_NAMES,
  type Usage,
  type UsageByDelivery,
  usageOf,
} from '../core/usage.ts';
import { COUNTS } from './item.ts';

/**
 * What was used on each day, in the ledger's table: an item for each day and delivery, with the key `usage:<day>`, and one that says that
 * the day is complete. They outlive the ledger's items, of which they are the sums. Sums of a day that is over are the same
 * whoever makes them, so whoever is interrupted leaves nothing that must be undone, and two that overlap write the same.
 */
export interface UsageDays {
  /** @returns undefined when the day was not summed up */
  read(day: string, signal: AbortSignal): Promise<UsageByDelivery | undefined>;
  /**
   * Sums up the ledger's items of these days. Reads the whole table, in pages of 1 MB.
   * @param days `2026-11-30`
   * @param onPage called before each page; what it throws ends the sum
   */
  sum(days: readonly string[], signal: AbortSignal, onPage?: () => void): Promise<ReadonlyMap<string, UsageByDelivery>>;
  /** Keeps the sums of a day that is over. */
  write(day: string, usage: UsageByDelivery, signal: AbortSignal): Promise<void>;
}

export interface UsageDaysDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
}

type Page = Pick<ScanCommandOutput, 'Items' | 'LastEvaluatedKey'>;

const KEEP_DAYS = 400;
const WRITES_AT_ONCE = 8;
/** The sort key of the item that says that a day is complete. A delivery has a slash in it. */
const COMPLETE = 'complete';

const DONE = z.object({
  object: z.string(),
  delivery: z.string(),
  done_ms: z.number(),
  counts: COUNTS,
  bytes: z.number().catch(0),
  calls: z.number().catch(0),
  size: z.number().catch(0),
  chunk: z.number().catch(0),
});
const USAGE = z.object(Object.fromEntries(USAGE_NAMES.map((name) => [name, z.number().catch(0)])));

export function createUsageDays({ dynamo, table }: UsageDaysDeps): UsageDays {
  const guarded = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (cause) {
      const purpose = { kind: 'use-table', setting: 'LEDGER_TABLE', table, keys: LEDGER_TABLE_KEYS } as const;
      throw awsFailure('ledger-unavailable', `the usage in ${table} could not be read or written`, cause, purpose);
    }
  };
  const set = (day: string, delivery: string, values: Readonly<Record<string, number>>, signal: AbortSignal) => {
    const all = { ...values, [LEDGER_EXPIRES_AT]: startOfDay(day) / 1000 + (KEEP_DAYS * DAY_MS) / 1000 };
    const names = Object.keys(all);
    return guarded(
      dynamo(
        'UpdateItem',
        {
          TableName: table,
          Key: marshall({ object: keyOf(day), delivery }),
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: marshall(Object.fromEntries(Object.entries(all).map(([k, v]) => [`:${k}`, v]))),
        },
        { abortSignal: signal },
      ),
    );
  };

  return {
    async read(day, signal) {
      const items = paged((from) =>
        dynamo(
          'Query',
          {
            TableName: table,
            ConsistentRead: true,
            KeyConditionExpression: '#object = :object',
            ExpressionAttributeNames: { '#object': 'object' },
            ExpressionAttributeValues: { ':object': { S: keyOf(day) } },
            ...from,
          },
          { abortSignal: signal },
        ),
      );
      const usage = new Map<string, Usage>();
      let isComplete = false;
      for await (const { delivery, ...item } of items) {
        if (delivery === COMPLETE) isComplete = true;
        else usage.set(String(delivery), USAGE.parse(item) as unknown as Usage);
      }
      return isComplete ? usage : undefined;
    },
    async sum(days, signal, onPage) {
      const sums = new Map(days.map((day) => [day, new Map<string, Usage>()]));
      const [first, last] = [days.toSorted()[0], days.toSorted().at(-1)];
      if (first === undefined || last === undefined) return sums;
      const items = paged((from) => {
        onPage?.();
        return dynamo(
          'Scan',
          {
            TableName: table,
            FilterExpression: '#done_ms BETWEEN :from AND :to',
            ProjectionExpression: '#object, #delivery, #done_ms, #counts, #bytes, #calls, #size, #chunk',
            ExpressionAttributeNames: Object.fromEntries(Object.keys(DONE.shape).map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: {
              ':from': { N: String(startOfDay(first)) },
              ':to': { N: String(startOfDay(last) + DAY_MS - 1) },
            },
            ...from,
          },
          { abortSignal: signal },
        );
      });
      for await (const item of items) {
        const { data } = DONE.safeParse(item);
        const sum = data && sums.get(dayOf(data.done_ms));
        if (data && sum) sum.set(data.delivery, addUsage(sum.get(data.delivery) ?? NO_USAGE, usageOf(data)));
      }
      return sums;
    },
    async write(day, usage, signal) {
      const limit = pLimit(WRITES_AT_ONCE);
      await limit.map([...usage], ([delivery, sums]) => set(day, delivery, { ...sums }, signal));
      await set(day, COMPLETE, { deliveries: usage.size }, signal);
    },
  };

  async function* paged(
    call: (from: { readonly ExclusiveStartKey?: Record<string, AttributeValue> }) => Promise<Page>,
  ): AsyncGenerator<Record<string, unknown>, void, undefined> {
    let from: Record<string, AttributeValue> | undefined;
    do {
      const page = await guarded(call(from ? { ExclusiveStartKey: from } : {}));
      for (const item of page.Items ?? []) yield unmarshall(item, { wrapNumbers: Number });
      from = page.LastEvaluatedKey;
    } while (from);
  }
}

function keyOf(day: string): string {
  return `usage:${day}`;
}
