import { setTimeout as delay } from 'node:timers/promises';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { Call, DynamoApi } from '../aws/api.ts';
import { DistributorError } from '../base/errors.ts';
import { nextBackoffMs } from '../core/backoff.ts';
import type { Counts } from '../core/counts.ts';

/** What the ledger says of an object, for people who look: nothing here takes a lease or writes. */
export interface LedgerEntry {
  /** `<tenant_id>/<type>` */
  readonly delivery: string;
  readonly state: string;
  /** Of a dead delivery. */
  readonly reason: string | null;
  /** Who has the lease; null when nobody has. */
  readonly owner: string | null;
  /** Epoch milliseconds, on the table's clock. */
  readonly leaseExpiresMs: number | null;
  /** Where a delivery that is not done stands. */
  readonly chunk: number | null;
  readonly record: number | null;
  readonly counts: Partial<Counts> | null;
}

const ITEM = z.object({
  delivery: z.string().catch(''),
  state: z.string().catch('unknown'),
  reason: z.string().nullable().catch(null),
  owner: z.string().nullable().catch(null),
  lease_expires_at: z.number().nullable().catch(null),
  chunk: z.number().nullable().catch(null),
  record: z.number().nullable().catch(null),
  counts: z.record(z.string(), z.number()).nullable().catch(null),
});

/** @param object `s3://bucket/key#version` */
export async function readEntries(dynamo: Call<DynamoApi>, table: string, object: string): Promise<LedgerEntry[]> {
  // An object has a handful of deliveries: they fit a page by far.
  const { Items } = await dynamo('Query', {
    TableName: table,
    ConsistentRead: true,
    KeyConditionExpression: '#object = :object',
    ExpressionAttributeNames: { '#object': 'object' },
    ExpressionAttributeValues: { ':object': { S: object } },
  });
  return (Items ?? []).map((item) => {
    const { lease_expires_at: leaseExpiresMs, ...entry } = ITEM.parse(unmarshall(item, { wrapNumbers: Number }));
    return { ...entry, leaseExpiresMs };
  });
}

export interface EntryKey {
  readonly object: string;
  readonly delivery: string;
}

/** BatchGetItem takes so many keys (DynamoDB API reference). */
const KEYS_MAX = 100;

/** A throttled table hands keys back. So often in a row it may do nothing else: with these waits, half a minute at most. */
const FRUITLESS_MAX = 10;
const BACKOFF = { firstMs: 50, capMs: 5_000 };

export interface BatchDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly signal: AbortSignal;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * The states of many deliveries: how many are in each, and the sums of the counts of those that are done. Those without an
 * entry are left out.
 * @throws DistributorError `ledger-unavailable` when the table answers for none of them, again and again
 */
export async function sumEntries(
  deps: BatchDeps,
  table: string,
  keys: readonly EntryKey[],
): Promise<{ readonly states: Readonly<Record<string, number>>; readonly counts: Readonly<Record<string, number>> }> {
  const states: Record<string, number> = {};
  const counts: Record<string, number> = {};
  await eachItem(deps, { table, keys, consistent: true }, (item) => {
    const entry = ITEM.parse(unmarshall(item, { wrapNumbers: Number }));
    states[entry.state] = (states[entry.state] ?? 0) + 1;
    if (entry.state !== 'done') return;
    for (const [name, count] of Object.entries(entry.counts ?? {})) counts[name] = (counts[name] ?? 0) + count;
  });
  return { states, counts };
}

/** States of deliveries, by `stateKey`; those without an entry are left out. */
export type EntryStates = ReadonlyMap<string, string>;

export function stateKey({ object, delivery }: EntryKey): string {
  return `${object}\n${delivery}`;
}

/**
 * The state of each of many deliveries.
 * @param consistent without it, reads cost half, and may miss what was written a moment ago
 * @throws DistributorError `ledger-unavailable` when the table answers for none of them, again and again
 */
export async function readStates(
  deps: BatchDeps,
  batch: { readonly table: string; readonly keys: readonly EntryKey[]; readonly consistent: boolean },
): Promise<EntryStates> {
  const states = new Map<string, string>();
  await eachItem(deps, batch, ({ object, delivery, state }) => {
    states.set(stateKey({ object: object?.S ?? '', delivery: delivery?.S ?? '' }), state?.S ?? 'unknown');
  });
  return states;
}

/** @param take is given the items that are there, in no order */
async function eachItem(
  { dynamo, signal, random }: BatchDeps,
  {
    table,
    keys,
    consistent,
  }: { readonly table: string; readonly keys: readonly EntryKey[]; readonly consistent: boolean },
  take: (item: Record<string, AttributeValue>) => void,
): Promise<void> {
  for (let at = 0; at < keys.length; at += KEYS_MAX) {
    let wanted: Record<string, AttributeValue>[] = keys
      .slice(at, at + KEYS_MAX)
      .map(({ object, delivery }) => ({ object: { S: object }, delivery: { S: delivery } }));
    let waitMs = 0;
    for (let fruitless = 0; wanted.length > 0; ) {
      const request = { [table]: { Keys: wanted, ConsistentRead: consistent } };
      const answer = await dynamo('BatchGetItem', { RequestItems: request }, { abortSignal: signal });
      for (const item of answer.Responses?.[table] ?? []) take(item);
      const left = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      fruitless = left.length < wanted.length ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS_MAX)
        throw new DistributorError('ledger-unavailable', `${table} throttles: try again later`);
      if (left.length > 0) {
        waitMs = nextBackoffMs(waitMs, BACKOFF, random);
        await delay(waitMs, undefined, { signal });
      }
      wanted = left;
    }
  }
}
