import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoApi } from '../../../service/aws/api.ts';
import { RECEIPT_INDEX, type TableKeys } from '../../../service/core/tables.ts';
import { type Answers, awsError } from './answers.ts';
import { holds, type Item, updated } from './expression.ts';

/**
 * DynamoDB: every write is one step, reads see all writes before them. Queries have a partition key and nothing else; there are no
 * pages, as items here are few. What a call answers is a copy. The index of what is due for a receipt has keys only, and may be behind the
 * table.
 */
export interface Tables
  extends Answers<Pick<DynamoApi, 'GetItem' | 'UpdateItem' | 'Query' | 'Scan' | 'BatchGetItem' | 'DescribeTable'>> {
  put(table: string, item: Item): void;
  all(table: string): readonly Item[];
}

export interface TablesOptions {
  readonly nowMs?: () => number;
  /** How far an index is behind the table, milliseconds, drawn for each change. Default: not at all. */
  readonly indexLagMs?: () => number;
}

export function createTables(
  tables: Readonly<Record<string, TableKeys>>,
  { nowMs = () => 0, indexLagMs = () => 0 }: TablesOptions = {},
): Tables {
  const items = new Map(Object.keys(tables).map((name) => [name, createRows()]));
  const index = createDueIndex(nowMs, indexLagMs);
  const tableOf = (name: string | undefined) => {
    const keys = tables[name ?? ''];
    const rows = items.get(name ?? '');
    if (!keys || !rows) throw awsError('ResourceNotFoundException', 400, `Requested resource not found: ${name}`);
    return { keys, rows };
  };
  const keyOf = ({ partition, sort }: TableKeys, item: Item): RowKey => [item[partition]?.S ?? '', item[sort]?.S ?? ''];

  return {
    put(table, item) {
      const { keys, rows } = tableOf(table);
      rows.set(keyOf(keys, item), item);
    },
    all: (table) => tableOf(table).rows.all(),
    GetItem({ TableName, Key = {} }) {
      const { keys, rows } = tableOf(TableName);
      const item = rows.get(keyOf(keys, Key));
      return item ? { Item: structuredClone(item) as Record<string, AttributeValue> } : {};
    },
    UpdateItem(input) {
      const { keys, rows } = tableOf(input.TableName);
      const key = keyOf(keys, input.Key ?? {});
      const before = rows.get(key);
      const names = { names: input.ExpressionAttributeNames, values: input.ExpressionAttributeValues };
      if (input.ConditionExpression !== undefined && !holds(before ?? {}, input.ConditionExpression, names))
        throw awsError('ConditionalCheckFailedException', 400, 'The conditional request failed');
      const after = updated(before ?? structuredClone(input.Key ?? {}), input.UpdateExpression ?? '', names);
      rows.set(key, structuredClone(after));
      if (before?.[RECEIPT_INDEX.partition] || after[RECEIPT_INDEX.partition]) index.changed(before, after);
      return returned(input.ReturnValues, before, after);
    },
    Query(input) {
      const { keys, rows } = tableOf(input.TableName);
      const [, name = '', value = ''] = /^\s*(#?\w+)\s*=\s*(:\w+)\s*$/.exec(input.KeyConditionExpression ?? '') ?? [];
      const attribute = input.ExpressionAttributeNames?.[name] ?? name;
      const wanted = input.ExpressionAttributeValues?.[value]?.S;
      const isIndex = input.IndexName === RECEIPT_INDEX.name;
      if (attribute !== (isIndex ? RECEIPT_INDEX.partition : keys.partition) || (input.IndexName && !isIndex))
        throw new Error(`the model does not understand: ${input.KeyConditionExpression}`);
      if (isIndex) {
        const Items = index.of(wanted ?? '');
        return { Items, Count: Items.length };
      }
      const found = rows.of(wanted ?? '');
      const sortOf = (item: Item) => item[keys.sort]?.S ?? '';
      const Items = found.sort((a, b) => (sortOf(a) < sortOf(b) ? -1 : 1));
      return { Items: structuredClone(Items) as Record<string, AttributeValue>[], Count: Items.length };
    },
    Scan({ TableName, FilterExpression, ExpressionAttributeNames: names, ExpressionAttributeValues: values }) {
      const all = tableOf(TableName).rows.all();
      const found = all.filter((item) => !FilterExpression || holds(item, FilterExpression, { names, values }));
      return { Items: structuredClone(found) as Record<string, AttributeValue>[], Count: found.length };
    },
    BatchGetItem({ RequestItems = {} }) {
      const Responses = Object.entries(RequestItems).map(([name, { Keys = [] }]) => {
        const { keys, rows } = tableOf(name);
        const found = Keys.map((key) => rows.get(keyOf(keys, key))).filter((item) => item !== undefined);
        return [name, structuredClone(found) as Record<string, AttributeValue>[]] as const;
      });
      return { Responses: Object.fromEntries(Responses) };
    },
    DescribeTable({ TableName }) {
      const { keys } = tableOf(TableName);
      const { partition, sort } = keys;
      return {
        Table: {
          TableName,
          TableStatus: 'ACTIVE',
          KeySchema: [
            { AttributeName: partition, KeyType: 'HASH' },
            { AttributeName: sort, KeyType: 'RANGE' },
          ],
          AttributeDefinitions: [partition, sort].map((name) => ({ AttributeName: name, AttributeType: 'S' as const })),
        },
      };
    },
  };
}

function returned(which: string | undefined, before: Item | undefined, after: Item) {
  const copy = (item: Item) => ({ Attributes: structuredClone(item) as Record<string, AttributeValue> });
  switch (which) {
    case undefined:
    case 'NONE':
      return {};
    case 'ALL_NEW':
      return copy(after);
    case 'ALL_OLD':
      return before ? copy(before) : {};
    default:
      throw new Error(`the model does not know the ReturnValues ${which}`);
  }
}

/** The sparse index of what is due for a receipt. */
function createDueIndex(nowMs: () => number, lagMs: () => number) {
  const { partition, sort } = RECEIPT_INDEX;
  const entries = new Map<
    string,
    { readonly entry: Record<string, AttributeValue>; fromMs: number; untilMs: number }
  >();
  return {
    changed(before: Item | undefined, after: Item) {
      const { delivery } = after;
      const nameOf = (item: Item) => `${item[partition]?.S} ${item[sort]?.S} ${delivery?.S}`;
      const gone = before?.[partition] && entries.get(nameOf(before));
      if (gone) gone.untilMs = nowMs() + lagMs();
      const [due, key] = [after[partition], after[sort]];
      if (!due || !key || !delivery) return;
      const entry = { [partition]: due, [sort]: key, delivery };
      entries.set(nameOf(after), { entry, fromMs: nowMs() + lagMs(), untilMs: Number.POSITIVE_INFINITY });
    },
    of(wanted: string): Record<string, AttributeValue>[] {
      for (const [name, { untilMs }] of entries) if (untilMs <= nowMs()) entries.delete(name);
      const shown = [...entries.values()].filter(({ fromMs }) => fromMs <= nowMs()).map(({ entry }) => entry);
      const found = shown.filter((entry) => entry[partition]?.S === wanted);
      return found.sort((a, b) => ((a[sort]?.S ?? '') < (b[sort]?.S ?? '') ? -1 : 1));
    },
  };
}

type RowKey = readonly [partition: string, sort: string];

/** The items of a table, by their keys. */
function createRows() {
  const partitions = new Map<string, Map<string, Item>>();
  return {
    get: ([partition, sort]: RowKey) => partitions.get(partition)?.get(sort),
    set([partition, sort]: RowKey, item: Item) {
      const rows = partitions.get(partition) ?? new Map<string, Item>();
      partitions.set(partition, rows.set(sort, item));
    },
    of: (partition: string) => [...(partitions.get(partition)?.values() ?? [])],
    all: () => [...partitions.values()].flatMap((rows) => [...rows.values()]),
  };
}
