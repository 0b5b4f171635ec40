import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod';

/**
 * A replay while it is fed into the queue. It stands in the ledger table, beside what it causes there, so that anybody can
 * go on with it from anywhere:
 *
 *     (none) ── begin ──▶ feeding ── fed ──▶ feeding … ── the last object ──▶ fed
 *
 * An object counts as fed once its message is safe in the queue. What is interrupted between the two is announced twice, and
 * the ledger delivers it once.
 */
export interface ReplayState {
  readonly id: string;
  readonly state: 'feeding' | 'fed';
  readonly tenant: string;
  readonly bucket: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly delivery: string | undefined;
  readonly application: string | undefined;
  /** Objects are announced as at first, so that only what the ledger does not know as done is delivered. */
  readonly missing: boolean;
  /** Objects that were found at the beginning. */
  readonly objects: number;
  /** Objects that are in the queue, or were. */
  readonly fed: number;
  /** The last of them, in the order of time and key; '' before the first. */
  readonly lastMs: number;
  readonly lastKey: string;
}

export interface ReplayStates {
  read(id: string): Promise<ReplayState | undefined>;
  /** @returns false when there is one of this id */
  begin(state: ReplayState): Promise<boolean>;
  /** Saves how far it has come. @returns false when somebody else feeds the same replay */
  save(before: ReplayState, after: ReplayState): Promise<boolean>;
}

export interface ReplayStatesDeps {
  readonly dynamo: Pick<DynamoDBClient, 'send'>;
  readonly table: string;
  readonly nowMs: () => number;
  /** Ends reads. */
  readonly signal: AbortSignal;
}

/** As long as the ledger knows what a replay has delivered. */
const KEEP_SECONDS = 14 * 24 * 3600;
const DELIVERY = 'replay';

const ITEM = z.object({
  state: z.enum(['feeding', 'fed']),
  tenant: z.string(),
  bucket: z.string(),
  from_ms: z.number(),
  to_ms: z.number(),
  only_delivery: z.string().optional(),
  only_application: z.string().optional(),
  only_missing: z.boolean(),
  objects: z.number(),
  fed: z.number(),
  last_ms: z.number(),
  last_key: z.string(),
});

export function createReplayStates({ dynamo, table, nowMs, signal }: ReplayStatesDeps): ReplayStates {
  const write = async (state: ReplayState, condition: string, values: Readonly<Record<string, unknown>>) => {
    const attributes = { ...toItem(state), expires_at: Math.floor(nowMs() / 1000) + KEEP_SECONDS };
    const names = Object.keys(attributes);
    try {
      await dynamo.send(
        new UpdateItemCommand({
          TableName: table,
          Key: keyOf(state.id),
          UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
          ConditionExpression: condition,
          ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: marshall(
            {
              ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`:${name}`, value])),
              ...values,
            },
            { removeUndefinedValues: true },
          ),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  };

  return {
    async read(id) {
      const { Item } = await dynamo.send(
        new GetItemCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }),
        { abortSignal: signal },
      );
      return Item && fromItem(id, ITEM.parse(unmarshall(Item, { wrapNumbers: Number })));
    },
    begin: (state) => write(state, 'attribute_not_exists(#state)', {}),
    save: (before, after) => write(after, '#fed = :before', { ':before': before.fed }),
  };
}

function keyOf(id: string) {
  return marshall({ object: `replay:${id}`, delivery: DELIVERY });
}

function toItem(state: ReplayState): Record<string, unknown> {
  const item = {
    state: state.state,
    tenant: state.tenant,
    bucket: state.bucket,
    from_ms: state.fromMs,
    to_ms: state.toMs,
    only_delivery: state.delivery,
    only_application: state.application,
    only_missing: state.missing,
    objects: state.objects,
    fed: state.fed,
    last_ms: state.lastMs,
    last_key: state.lastKey,
  };
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
}

function fromItem(id: string, item: z.output<typeof ITEM>): ReplayState {
  return {
    id,
    state: item.state,
    tenant: item.tenant,
    bucket: item.bucket,
    fromMs: item.from_ms,
    toMs: item.to_ms,
    delivery: item.only_delivery,
    application: item.only_application,
    missing: item.only_missing,
    objects: item.objects,
    fed: item.fed,
    lastMs: item.last_ms,
    lastKey: item.last_key,
  };
}
