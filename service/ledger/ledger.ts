import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Call, DynamoApi } from '../aws/api.ts';
import { faultOf } from '../aws/fault.ts';
import { awsFailure } from '../aws/words.ts';
import { DistributorError } from '../base/errors.ts';
import { type Books, encodeBooks } from '../core/books.ts';
import { START } from '../core/chunk.ts';
import { type Counts, NO_COUNTS } from '../core/counts.ts';
import { MESSAGE_DAYS_MAX } from '../core/limits.ts';
import { LEDGER_TABLE_KEYS, RECEIPT_INDEX } from '../core/tables.ts';
import { BEGUN, ITEM, type Item, PROGRESS } from './item.ts';

/**
 * The ledger: how far each delivery of each object has come, and who is at it.
 *
 *     (none) ── acquire ──▶ delivering ── finish ──▶ done
 *                           │  ▲    │
 *          release, or the  │  │    └── bury ──▶ dead ── acquire (a redriven message) ──▶ delivering
 *          lease expires    ▼  │ acquire
 *                          delivering, nobody's
 *
 * An owner that does not know whether a call was executed cannot give back: it lets its lease run out at once, and keeps
 * its name in the item. Whoever takes a delivery that still has an owner knows that calls of it are in doubt.
 *
 * Every write is conditional on the lease, so a process that lost its lease cannot move the position. A lease also counts its
 * writes: one whose answer was given up may be executed long after the next one, and must then change nothing. Leases are
 * measured on the table's clock (`nowMs`), not on the process's: two processes whose clocks differ agree on an expiry.
 */
export interface Ledger {
  /**
   * Takes the lease of a delivery, at the position where it stands.
   * @param doubts of a delivery that reads back what is in doubt. Default: it does not
   */
  acquire(key: LedgerKey, doubts?: DoubtOptions): Promise<Acquisition>;
}

export interface DoubtOptions {
  /** How long after its end the lease of an owner that ended without a word is left alone. */
  readonly settleMs: number;
  /** What the next owner has to know of how this one makes its calls: another text, and they may be other calls. */
  readonly setup: string;
}

export interface LedgerKey {
  /** `s3://bucket/key#version` */
  readonly object: string;
  /** `<tenant_id>/<type>` */
  readonly delivery: string;
}

export type Acquisition =
  | {
      readonly kind: 'acquired';
      readonly lease: Lease;
      readonly progress: Progress;
      /** Owners in a row that neither came further, nor released, nor finished: their process or thread died. */
      readonly crashes: number;
      /** The owner before may have had calls executed that the position does not know of. */
      readonly inDoubt: boolean;
      /** One of those whose calls are in doubt had another setup. */
      readonly otherSetup: boolean;
    }
  | { readonly kind: 'done'; readonly counts: Counts }
  /** Another owner is at it; its lease ends in `remainingMs` unless it renews. */
  | { readonly kind: 'held'; readonly remainingMs: number };

/** How far a delivery has come. */
export interface Progress {
  /** Number of the chunk, from 0: for people; `record` and `cursor` say where it starts. */
  readonly chunk: number;
  readonly record: number;
  readonly cursor: string;
  /** All batches of the chunk below this one are accepted. */
  readonly batch: number;
  /** Accepted batches above `batch`, as calls overlap: ranges, a few whatever the number, from and up to before. */
  readonly ahead: readonly (readonly [from: number, to: number])[];
  /** Accepted batches whose refused events are not in quarantine yet; they are kept later, and never sent again. */
  readonly answers: readonly OpenAnswer[];
  /** What batch numbers depend on. When it is another, they and `partial` mean nothing. */
  readonly layout: string;
  /** Counts of all chunks before this one. */
  readonly counts: Counts;
  /** Counts of this chunk's accepted batches. */
  readonly partial: Counts;
  /** When this chunk was begun for the first time, epoch milliseconds on the table's clock; 0: by a version that did not note it. */
  readonly begunMs: number;
  /** UTF-8 bytes of the messages that were delivered: of all chunks before this one, and of this one. */
  readonly bytes: number;
  readonly partialBytes: number;
  /** Requests to the destination so far, repeated ones included, as far as their owners lived to save it. */
  readonly calls: number;
  /** Of a delivery with receipts: what went where, of all chunks before this one, and of this one. */
  readonly books?: Books | undefined;
  readonly partialBooks?: Books | undefined;
}

/** What became of an object that is delivered. */
export interface Outcome extends Pick<Progress, 'counts' | 'bytes' | 'calls'> {
  /** The object's own, in the central bucket. */
  readonly size: number;
  /** undefined: no receipt is due. */
  readonly books?: Books | undefined;
}

/** What the destination said of a batch: the events that it refused, as their indexes. */
export interface OpenAnswer {
  readonly batch: number;
  readonly tooOldBefore: number;
  readonly expiredBefore: number;
  readonly tooNewFrom: number;
}

export const NO_PROGRESS: Progress = {
  chunk: 0,
  ...START,
  batch: 0,
  ahead: [],
  answers: [],
  layout: '',
  counts: NO_COUNTS,
  partial: NO_COUNTS,
  begunMs: 0,
  bytes: 0,
  partialBytes: 0,
  calls: 0,
};

/** A delivery under lease. All its writes throw `lease-lost` when another owner has taken over. */
export interface Lease {
  /** Renews the lease of a delivery that has come no further. */
  renew(): Promise<void>;
  /** Saves the position and renews the lease. */
  checkpoint(progress: Progress): Promise<void>;
  /**
   * Saves the position and gives the lease back, so that the next one need not wait for its end.
   * @param inDoubt calls may have been executed that the position does not know of. Default false
   */
  release(progress: Progress, inDoubt?: boolean): Promise<void>;
  /** Marks the delivery as done. It stays known until its TTL, and answers duplicate notifications. */
  finish(outcome: Outcome): Promise<void>;
  /** Marks the delivery as dead, with the reason, at its position. @param inDoubt as for `release` */
  bury(progress: Progress, reason: string, inDoubt?: boolean): Promise<void>;
}

export interface LedgerDeps {
  readonly dynamo: Call<DynamoApi>;
  readonly table: string;
  readonly leaseMs: number;
  /** The table's clock, epoch milliseconds. */
  readonly nowMs: () => number;
  /** A name for a lease's owner that no other lease ever has. */
  readonly newOwner: () => string;
  readonly onWrite: (operation: 'acquire' | 'renew' | 'checkpoint' | 'release' | 'finish' | 'bury') => void;
}

/** The longest time in which SQS can bring a message back. */
const KEEP_SECONDS = MESSAGE_DAYS_MAX * 24 * 3600;

/** Attributes of others may hold numbers that are no doubles, at which the SDK would throw. */
const UNMARSHALL = { wrapNumbers: Number };

export function createLedger(deps: LedgerDeps): Ledger {
  return {
    async acquire(key, doubts) {
      const owner = deps.newOwner();
      const now = deps.nowMs();
      const settleMs = doubts?.settleMs ?? 0;
      try {
        const before = await update(deps, 'acquire', key, {
          set: { state: 'delivering', owner, lease_expires_at: now + deps.leaseMs },
          first: { begunMs: now },
          // `owner` is absent when the lease was given back, by somebody else: our own end came after this. It is ours when an answer
          // was lost and the SDK asked again, and nothing was written since.
          condition:
            'attribute_not_exists(#state) OR (#state <> :done AND ((attribute_not_exists(#owner) AND (attribute_not_exists(#ended_by) OR #ended_by <> :owner)) OR #lease_expires_at < :settled OR (#owner = :owner AND attribute_not_exists(#lease_writes))))',
          values: { ':done': 'done', ':settled': now - settleMs },
          names: ['state', 'owner', 'lease_expires_at', 'ended_by'],
          remove: ['lease_writes'],
          // A set, so that an acquisition which the SDK repeats counts once.
          add: { recent_owners: new Set([owner]), ...(doubts && { setups: new Set([doubts.setup]) }) },
        });
        const { recent_owners, setups, owner: ownerBefore } = ITEM.parse(before);
        const progress = PROGRESS.catch(NO_PROGRESS).parse(before);
        return {
          kind: 'acquired',
          lease: createLease(deps, key, owner, { setup: doubts?.setup, chunk: progress.chunk }),
          // Of a delivery without a position yet, too, the ledger may know when it was begun.
          progress: { ...progress, begunMs: BEGUN.parse(before).begunMs ?? now },
          crashes: recent_owners.difference(new Set([owner])).size,
          // Our own name is there when an answer was lost: whose it was before, nobody knows any more.
          inDoubt: ownerBefore !== undefined,
          otherSetup: setups.difference(new Set([doubts?.setup])).size > 0,
        };
      } catch (error) {
        if (faultOf(error) !== 'condition') throw unavailable(deps, key, error);
      }
      const item = await read(deps, key);
      if (item?.state === 'done') return { kind: 'done', counts: item.counts };
      const endsMs = (item?.lease_expires_at ?? 0) + settleMs;
      return { kind: 'held', remainingMs: Math.max(0, endsMs - deps.nowMs()) };
    },
  };
}

/** At which chunk an owner has begun, and with which setup. */
type Begun = Pick<Progress, 'chunk'> & { readonly setup: string | undefined };

function createLease(deps: LedgerDeps, key: LedgerKey, owner: string, begun: Begun): Lease {
  let writes = 0;
  const write = async (
    operation: 'renew' | 'checkpoint' | 'release' | 'finish' | 'bury',
    change: Omit<Change, 'condition' | 'values' | 'names'>,
  ) => {
    const remove = change.remove ?? [];
    const last = remove.includes('owner');
    try {
      await update(deps, operation, key, {
        set: { ...change.set, ...(last ? {} : { lease_writes: ++writes }) },
        remove: last ? [...remove, 'lease_writes'] : remove,
        // As large as its own when an answer was lost and the SDK asked again.
        condition: '#owner = :me AND (attribute_not_exists(#lease_writes) OR #lease_writes <= :writes)',
        values: { ':me': owner, ':writes': writes },
        names: ['owner', 'lease_writes'],
      });
    } catch (error) {
      if (faultOf(error) !== 'condition') throw unavailable(deps, key, error);
      // A last write whose answer was lost is repeated, and finds that its own owner is gone.
      if (change.set.ended_by === owner && (await read(deps, key))?.ended_by === owner) return;
      throw new DistributorError('lease-lost', `another process has taken over ${key.delivery} of ${key.object}`, {
        cause: error,
      });
    }
  };
  const ended = { ended_by: owner };
  const nobodys = ['owner', 'lease_expires_at', 'recent_owners', 'setups'] as const;
  const renewed = () => ({ lease_expires_at: deps.nowMs() + deps.leaseMs });
  /** Owners before have sent nothing of later chunks: the position is saved before the next one begins. */
  const setups = ({ chunk }: Progress) =>
    begun.setup && chunk > begun.chunk ? { setups: new Set([begun.setup]) } : {};
  /** What becomes of the lease of an owner that ends; one in doubt did not die. */
  const ending = (inDoubt: boolean) =>
    inDoubt
      ? { set: { ...ended, lease_expires_at: deps.nowMs() }, remove: ['recent_owners'] }
      : { set: ended, remove: nobodys };
  return {
    renew: () => write('renew', { set: renewed() }),
    checkpoint(progress) {
      const { set, remove } = positionOf(progress);
      return write('checkpoint', {
        set: { ...set, ...renewed(), ...setups(progress) },
        remove: [...remove, 'recent_owners'],
      });
    },
    release(progress, inDoubt = false) {
      const { set, remove } = positionOf(progress);
      const end = ending(inDoubt);
      return write('release', { set: { ...set, ...end.set }, remove: [...end.remove, ...remove] });
    },
    finish({ books, ...outcome }) {
      const due = books && { books: encodeBooks(books), [RECEIPT_INDEX.partition]: key.delivery };
      return write('finish', {
        set: { state: 'done', ...outcome, done_ms: deps.nowMs(), ...due, ...ended },
        remove: [...nobodys, ...IN_PROGRESS, ...(books ? [] : ['books'])],
      });
    },
    bury(progress, reason, inDoubt = false) {
      const { set, remove } = positionOf(progress);
      const end = ending(inDoubt);
      return write('bury', { set: { ...set, ...end.set, state: 'dead', reason }, remove: [...end.remove, ...remove] });
    },
  };
}

/** Of a position; nobody asks for them once the delivery is done. */
const IN_PROGRESS = [
  'cursor',
  'ahead',
  'answers',
  'partial',
  'partialBytes',
  'partialBooks',
  'layout',
  'begunMs',
] as const;

/** Books of an owner before are removed where none are kept: they would lack what was delivered since. */
function positionOf({ books, partialBooks, ...position }: Progress): Required<Pick<Change, 'set' | 'remove'>> {
  if (!books || !partialBooks) return { set: position, remove: ['books', 'partialBooks'] };
  const kept = { books: encodeBooks(books), partialBooks: encodeBooks(partialBooks) };
  return { set: { ...position, ...kept }, remove: [] };
}

interface Change {
  readonly set: Readonly<Record<string, unknown>>;
  /** Set where the item has none yet. */
  readonly first?: Readonly<Record<string, unknown>>;
  readonly add?: Readonly<Record<string, ReadonlySet<string>>>;
  readonly remove?: readonly string[];
  readonly condition: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
}

async function update(
  deps: LedgerDeps,
  operation: Parameters<LedgerDeps['onWrite']>[0],
  key: LedgerKey,
  change: Change,
): Promise<Record<string, unknown>> {
  const set = { ...change.set, expires_at: Math.floor(deps.nowMs() / 1000) + KEEP_SECONDS };
  const first = change.first ?? {};
  const add = change.add ?? {};
  const remove = change.remove ?? [];
  const assignments = [
    ...Object.keys(set).map((name) => `#${name} = :${name}`),
    ...Object.keys(first).map((name) => `#${name} = if_not_exists(#${name}, :${name})`),
  ];
  const clauses = [
    `SET ${assignments.join(', ')}`,
    Object.keys(add).length > 0
      ? `ADD ${Object.keys(add)
          .map((name) => `#${name} :${name}`)
          .join(', ')}`
      : '',
    remove.length > 0 ? `REMOVE ${remove.map((name) => `#${name}`).join(', ')}` : '',
  ];
  const names = [...Object.keys(set), ...Object.keys(first), ...Object.keys(add), ...remove, ...change.names];
  const values = Object.entries({ ...set, ...first, ...add }).map(([name, value]) => [`:${name}`, value]);
  const answer = await deps.dynamo('UpdateItem', {
    TableName: deps.table,
    Key: marshall({ object: key.object, delivery: key.delivery }),
    UpdateExpression: clauses.join(' '),
    ConditionExpression: change.condition,
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: marshall({ ...Object.fromEntries(values), ...change.values }),
    // Only who takes a delivery needs to know where it stands, and whose it was.
    ReturnValues: operation === 'acquire' ? 'ALL_OLD' : 'NONE',
  });
  deps.onWrite(operation);
  return unmarshall(answer.Attributes ?? {}, UNMARSHALL);
}

async function read(deps: LedgerDeps, key: LedgerKey): Promise<Item | undefined> {
  try {
    const answer = await deps.dynamo('GetItem', {
      TableName: deps.table,
      Key: marshall({ object: key.object, delivery: key.delivery }),
      ConsistentRead: true,
    });
    return answer.Item && ITEM.parse(unmarshall(answer.Item, UNMARSHALL));
  } catch (error) {
    throw unavailable(deps, key, error);
  }
}

function unavailable({ table }: Pick<LedgerDeps, 'table'>, key: LedgerKey, cause: unknown): DistributorError {
  const purpose = { kind: 'use-table', setting: 'LEDGER_TABLE', table, keys: LEDGER_TABLE_KEYS } as const;
  const what = `the ledger ${table} could not be used for ${key.delivery} of ${key.object}`;
  return awsFailure('ledger-unavailable', what, cause, purpose);
}
