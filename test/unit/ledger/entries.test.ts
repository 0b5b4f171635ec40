import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchGetItemCommandInput, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../../../service/aws/api.ts';
import { type EntryKey, sumEntries } from '../../../service/ledger/entries.ts';
import { LEDGER_TABLE, startDynamo } from '../../support/dynamo.ts';

const KEYS: readonly EntryKey[] = Array.from({ length: 130 }, (_, n) => ({
  object: `o-${n}`,
  delivery: 'acme/cloudwatch',
}));

/** A table that hands all keys but `answers` of each call back, as one that throttles does. */
function throttling(calls: Call<DynamoApi>, answers: number): Call<DynamoApi> {
  const call = async (operation: 'BatchGetItem', { RequestItems }: BatchGetItemCommandInput) => {
    const keys = RequestItems?.[LEDGER_TABLE]?.Keys ?? [];
    const [now, later] = [keys.slice(0, answers), keys.slice(answers)];
    const UnprocessedKeys = { [LEDGER_TABLE]: { Keys: later } };
    if (now.length === 0) return { UnprocessedKeys };
    const request = { [LEDGER_TABLE]: { Keys: now, ConsistentRead: true } };
    return { ...(await calls(operation, { RequestItems: request })), UnprocessedKeys };
  };
  return call as unknown as Call<DynamoApi>;
}

const others = () => ({ signal: new AbortController().signal, random: () => 0 });

test('states and counts are summed over more keys than a call takes, however many a call answers', async (t) => {
  const { client, calls } = await startDynamo(t);
  for (const [n, { object, delivery }] of KEYS.entries()) {
    if (n === 0) continue;
    const state = n % 2 === 0 ? 'done' : 'delivering';
    const item = { object, delivery, state, counts: { read: 10, delivered: n } };
    await client.send(new PutItemCommand({ TableName: LEDGER_TABLE, Item: marshall(item) }));
  }
  const even = Array.from({ length: 64 }, (_, n) => 2 * (n + 1)).reduce((sum, n) => sum + n, 0);
  const expected = { states: { done: 64, delivering: 65 }, counts: { read: 640, delivered: even } };
  assert.deepEqual(await sumEntries({ dynamo: calls, ...others() }, LEDGER_TABLE, KEYS), expected);
  const slow = throttling(calls, 40);
  assert.deepEqual(await sumEntries({ dynamo: slow, ...others() }, LEDGER_TABLE, KEYS), expected);
});

test('a table that answers for no key is given up in the end, and not asked on by a command that is interrupted', {
  timeout: 60_000,
}, async (t) => {
  const { calls } = await startDynamo(t);
  const dynamo = throttling(calls, 0);
  await assert.rejects(sumEntries({ dynamo, ...others() }, LEDGER_TABLE, KEYS), { code: 'ledger-unavailable' });
  const signal = AbortSignal.abort();
  await assert.rejects(sumEntries({ dynamo, signal, random: () => 0 }, LEDGER_TABLE, KEYS), { name: 'AbortError' });
});
