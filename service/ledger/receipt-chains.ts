import { gunzipSync, gzipSync } from 'node:zlib';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';
import type { Call, DynamoApi } from '../aws/api.ts';
import { faultOf } from '../aws/fault.ts';
import { awsFailure } from '../aws/words.ts';
import { decodeBooks, NO_BOOKS } from '../core/books.ts';
import { NO_COUNTS } from '../core/counts.ts';
import type { DueObject } from '../core/receipt-draft.ts';
import { LEDGER_TABLE_KEYS, RECEIPT_INDEX } from '../core/tables.ts';
import { COUNTS } from './item.ts';

/**
 * The chain of receipts of each delivery, in the ledger's table: an item with the key `receipts:<tenant_id>/<type>`. It never expires.
 *
 *     issued n ── begin ──▶ pending n + 1 ── written for the tenant, objects marked ── finish ──▶ issued n + 1
 *
 * A pending receipt stands in the item whole, as it was signed. Whoever goes on after a crash repeats its steps: the same bytes are written
 * under the same name, and objects that are marked stay so. `begin` asks for the state that its receipt was drawn up by, so that of
 * two processes one succeeds; and what was due is read from the table itself, after that state, so that no object is in two receipts.
 */
export interface ReceiptChains {
  /** @param delivery `<tenant_id>/<type>` */
  read(delivery: string): Promise<ChainState>;
  /** Objects that no receipt has, in the order of their names. Stops reading when the consumer does. */
  due(delivery: string): AsyncGenerator<DueObject, void, undefined>;
  /** @returns false when another process has issued one meanwhile */
  begin(delivery: string, state: ChainState, pending: PendingReceipt): Promise<boolean>;
  /** Notes in the ledger that this receipt has the object. */
  mark(delivery: string, object: string, number: number): Promise<void>;
  finish(delivery: string, pending: PendingReceipt): Promise<void>;
}

export interface ChainState {
  /** Of the last receipt that was issued; 0 before the first. */
  readonly number: number;
  /** `receiptHash` of that receipt. */
  readonly hash: string | null;
  /** When it was drawn up, epoch milliseconds; 0 before the first. */
  readonly issuedMs: number;
  readonly pending: PendingReceipt | undefined;
}

export interface PendingReceipt {
  readonly number: number;
  readonly hash: string;
  readonly issuedMs: number;
  readonly document: string;
}

export interface ReceiptChainsDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
}

/** Keys of a page of the index, and items of a read: books take 64 KB each at most. */
const PAGE_KEYS = 1_000;
const READ_ITEMS = 25;
/** The most that a pending receipt takes where it is unpacked; it is written by us alone. */
const DOCUMENT_BYTES_MAX = 1024 * 1024;
const CHAIN = 'receipts';

const DOCUMENT = z
  .string()
  .transform((text) =>
    gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: DOCUMENT_BYTES_MAX }).toString('utf8'),
  );
const STATE = z.object({
  number: z.number().default(0),
  hash: z.string().nullable().default(null),
  issued_ms: z.number().default(0),
  pending: z
    .object({ number: z.number(), hash: z.string(), issued_ms: z.number(), document: DOCUMENT })
    .transform(({ issued_ms: issuedMs, ...pending }): PendingReceipt => ({ ...pending, issuedMs }))
    .optional(),
});
const DUE = z.object({
  object: z.string(),
  receipt_due: z.string(),
  counts: COUNTS.catch(NO_COUNTS),
  // An item without books was finished before its delivery kept any: nobody knows where its events are.
  books: z.instanceof(Uint8Array).optional().catch(undefined),
});

export function createReceiptChains({ dynamo, table }: ReceiptChainsDeps): ReceiptChains {
  const failure = (what: string, cause: unknown) => {
    const purpose = { kind: 'use-table', setting: 'LEDGER_TABLE', table, keys: LEDGER_TABLE_KEYS } as const;
    return awsFailure('ledger-unavailable', `the ledger ${table} could not be used for ${what}`, cause, purpose);
  };
  const guarded = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw failure(what, error);
    }
  };

  const keysDue = async (delivery: string, from: Record<string, AttributeValue> | undefined) =>
    guarded(`receipts of ${delivery}`, () =>
      dynamo('Query', {
        TableName: table,
        IndexName: RECEIPT_INDEX.name,
        KeyConditionExpression: '#due = :due',
        ExpressionAttributeNames: { '#due': RECEIPT_INDEX.partition },
        ExpressionAttributeValues: { ':due': { S: delivery } },
        Limit: PAGE_KEYS,
        ...(from ? { ExclusiveStartKey: from } : {}),
      }),
    );
  /** The index is behind the table: what it still names may be in a receipt by now. */
  const itemsDue = async (delivery: string, objects: readonly string[]): Promise<DueObject[]> => {
    const keys = objects.map((object) => ({ object: { S: object }, delivery: { S: delivery } }));
    const request = { [table]: { Keys: keys, ConsistentRead: true } };
    const { Responses } = await guarded(`receipts of ${delivery}`, () =>
      dynamo('BatchGetItem', { RequestItems: request }),
    );
    const items = (Responses?.[table] ?? []).map((item) => DUE.safeParse(unmarshall(item, { wrapNumbers: Number })));
    // What the table did not get to is due the next time.
    return items
      .flatMap(({ data }) => (data?.receipt_due === delivery ? [data] : []))
      .map(({ object, counts, books }) => ({
        id: object,
        counts,
        books: books ? decodeBooks(books) : { ...NO_BOOKS, covered: false },
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  };

  return {
    async read(delivery) {
      const { Item } = await guarded(`receipts of ${delivery}`, () =>
        dynamo('GetItem', { TableName: table, Key: chainKey(delivery), ConsistentRead: true }),
      );
      const state = STATE.parse(Item ? unmarshall(Item, { wrapNumbers: Number }) : {});
      return { number: state.number, hash: state.hash, issuedMs: state.issued_ms, pending: state.pending };
    },
    async *due(delivery) {
      let from: Record<string, AttributeValue> | undefined;
      do {
        const page = await keysDue(delivery, from);
        const objects = (page.Items ?? []).flatMap(({ object }) => (object?.S === undefined ? [] : [object.S]));
        for (let at = 0; at < objects.length; at += READ_ITEMS) {
          yield* await itemsDue(delivery, objects.slice(at, at + READ_ITEMS));
        }
        from = page.LastEvaluatedKey;
      } while (from);
    },
    async begin(delivery, { number }, pending) {
      const document = gzipSync(pending.document).toString('base64');
      try {
        await dynamo('UpdateItem', {
          TableName: table,
          Key: chainKey(delivery),
          UpdateExpression: 'SET #pending = :pending',
          ConditionExpression: `attribute_not_exists(#pending) AND ${number === 0 ? 'attribute_not_exists(#number)' : '#number = :number'}`,
          ExpressionAttributeNames: { '#pending': 'pending', '#number': 'number' },
          ExpressionAttributeValues: {
            ':pending': {
              M: {
                number: { N: String(pending.number) },
                hash: { S: pending.hash },
                issued_ms: { N: String(pending.issuedMs) },
                document: { S: document },
              },
            },
            ...(number === 0 ? {} : { ':number': { N: String(number) } }),
          },
        });
        return true;
      } catch (error) {
        if (faultOf(error) === 'condition') return false;
        throw failure(`receipts of ${delivery}`, error);
      }
    },
    async mark(delivery, object, number) {
      try {
        await dynamo('UpdateItem', {
          TableName: table,
          Key: { object: { S: object }, delivery: { S: delivery } },
          UpdateExpression: 'SET receipt = :number REMOVE #due',
          ConditionExpression: '#due = :due',
          ExpressionAttributeNames: { '#due': RECEIPT_INDEX.partition },
          ExpressionAttributeValues: { ':number': { N: String(number) }, ':due': { S: delivery } },
        });
      } catch (error) {
        // It is marked already, or has expired.
        if (faultOf(error) !== 'condition') throw failure(`receipts of ${delivery}`, error);
      }
    },
    async finish(delivery, { number, hash, issuedMs }) {
      try {
        await dynamo('UpdateItem', {
          TableName: table,
          Key: chainKey(delivery),
          UpdateExpression: 'SET #number = :number, #hash = :hash, issued_ms = :issued_ms REMOVE #pending',
          ConditionExpression: '#pending.#number = :number',
          ExpressionAttributeNames: {
            '#number': 'number',
            '#hash': 'hash',
            '#pending': 'pending',
          },
          ExpressionAttributeValues: {
            ':number': { N: String(number) },
            ':hash': { S: hash },
            ':issued_ms': { N: String(issuedMs) },
          },
        });
      } catch (error) {
        // Another process has carried out the same steps.
        if (faultOf(error) !== 'condition') throw failure(`receipts of ${delivery}`, error);
      }
    },
  };
}

function chainKey(delivery: string): Record<string, AttributeValue> {
  return { object: { S: `${CHAIN}:${delivery}` }, delivery: { S: CHAIN } };
}
