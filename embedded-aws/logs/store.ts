import type { LogGroupClass } from './class.ts';
import type { Entity } from './entity.ts';

/**
 * What CloudWatch Logs holds, for all accounts and regions. An accepted batch is kept as the bytes that it came in: a
 * million events are then a few hundred buffers outside of V8's heap, and cost nothing until somebody reads them.
 */
export interface LogsStore {
  group(place: LogsPlace, name: string): LogGroup | undefined;
  /** In the order of their names. */
  groups(place: LogsPlace): LogGroup[];
  addGroup(place: LogsPlace, group: Omit<LogGroup, 'account' | 'region' | 'streams'>): LogGroup;
  removeGroup(group: LogGroup): void;
  addStream(group: LogGroup, name: string, createdMs: number): LogStream;
  removeStream(stream: LogStream): void;
  append(stream: LogStream, batch: Omit<Batch, 'stream' | 'sequence'>): void;
  /** All events of all accounts or one, account by account, in the order in which they were accepted. */
  read(selection?: Selection): Generator<StoredEvent, void, undefined>;
}

export interface LogsPlace {
  readonly account: string;
  readonly region: string;
}

export interface LogGroup extends LogsPlace {
  readonly name: string;
  readonly createdMs: number;
  readonly logGroupClass: LogGroupClass;
  /** The ARN of the key that encrypts it; undefined: AWS's own. */
  readonly kmsKeyId: string | undefined;
  retentionDays: number | undefined;
  readonly tags: Map<string, string>;
  readonly streams: Map<string, LogStream>;
}

export interface LogStream {
  readonly group: LogGroup;
  readonly name: string;
  readonly createdMs: number;
  readonly batches: Batch[];
  firstEventMs: number | undefined;
  lastEventMs: number | undefined;
  lastIngestionMs: number | undefined;
}

/** The accepted events of one PutLogEvents call. */
export interface Batch {
  readonly stream: LogStream;
  /** The request's body as JSON; its `logEvents` from `from` to before `to` were accepted. */
  readonly body: Buffer;
  readonly from: number;
  readonly to: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly ingestedMs: number;
  /** From when on reads show it. */
  readonly visibleMs: number;
  /** Of the call that brought it. */
  readonly requestId: string;
  /** What the call said that its events are of, where it was taken. */
  readonly entity?: Entity;
  /** Number of its first event, counted over all accounts since the cloud began; the others follow. */
  readonly sequence: number;
}

export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

export interface Selection {
  readonly account?: string | undefined;
  readonly groupPrefix?: string | undefined;
}

export interface StoredEvent extends LogEvent {
  readonly account: string;
  readonly region: string;
  readonly group: string;
  readonly stream: string;
  /** Grows with every accepted event, over all accounts; no two events share it. */
  readonly sequence: number;
  /** Of the call that brought it. */
  readonly requestId: string;
  /** Of that call. */
  readonly entity?: Entity;
}

interface Account {
  readonly groups: Map<string, LogGroup>;
  /** In the order in which they were accepted. */
  batches: Batch[];
  bytes: number;
}

export interface LogsStoreOptions {
  /** When an account holds more bytes of request bodies, its oldest batches are let go. Default: no limit. */
  readonly bytesPerAccountMax?: number | undefined;
}

export function createLogsStore({ bytesPerAccountMax = Number.POSITIVE_INFINITY }: LogsStoreOptions = {}): LogsStore {
  const accounts = new Map<string, Account>();
  let sequence = 0;

  const accountOf = (name: string): Account => {
    const account = accounts.get(name) ?? { groups: new Map(), batches: [], bytes: 0 };
    accounts.set(name, account);
    return account;
  };
  const groupKey = (region: string, name: string) => `${region}/${name}`;

  const drop = (account: Account, gone: (batch: Batch) => boolean) => {
    account.batches = account.batches.filter((batch) => !gone(batch));
    account.bytes = account.batches.reduce((sum, { body }) => sum + body.length, 0);
  };

  return {
    group: ({ account, region }, name) => accounts.get(account)?.groups.get(groupKey(region, name)),
    groups({ account, region }) {
      const all = [...(accounts.get(account)?.groups.values() ?? [])].filter((group) => group.region === region);
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    addGroup({ account, region }, made) {
      const group: LogGroup = { ...made, account, region, streams: new Map() };
      accountOf(account).groups.set(groupKey(region, group.name), group);
      return group;
    },
    removeGroup(group) {
      const account = accountOf(group.account);
      account.groups.delete(groupKey(group.region, group.name));
      drop(account, ({ stream }) => stream.group === group);
    },
    addStream(group, name, createdMs) {
      const times = { firstEventMs: undefined, lastEventMs: undefined, lastIngestionMs: undefined };
      const stream: LogStream = { group, name, createdMs, batches: [], ...times };
      group.streams.set(name, stream);
      return stream;
    },
    removeStream(stream) {
      stream.group.streams.delete(stream.name);
      drop(accountOf(stream.group.account), (batch) => batch.stream === stream);
    },
    append(stream, made) {
      const batch: Batch = { ...made, stream, sequence };
      sequence += batch.to - batch.from;
      stream.batches.push(batch);
      stream.firstEventMs = Math.min(stream.firstEventMs ?? batch.firstMs, batch.firstMs);
      stream.lastEventMs = Math.max(stream.lastEventMs ?? batch.lastMs, batch.lastMs);
      stream.lastIngestionMs = batch.ingestedMs;
      const account = accountOf(stream.group.account);
      account.batches.push(batch);
      account.bytes += batch.body.length;
      while (account.bytes > bytesPerAccountMax && account.batches.length > 1) {
        const oldest = account.batches.shift();
        // Both lists are in the order of acceptance, so the account's oldest is its stream's oldest.
        oldest?.stream.batches.shift();
        account.bytes -= oldest?.body.length ?? 0;
      }
    },
    *read({ account, groupPrefix = '' } = {}) {
      const names = account === undefined ? [...accounts.keys()].sort() : [account];
      for (const name of names) {
        // A copy: batches may be added or let go while somebody reads.
        for (const batch of [...(accounts.get(name)?.batches ?? [])]) {
          const { stream, sequence: first, requestId, entity } = batch;
          const { group } = stream;
          if (!group.name.startsWith(groupPrefix)) continue;
          const at = { account: name, region: group.region, group: group.name, stream: stream.name };
          for (const [i, { timestamp, message }] of eventsOf(batch).entries()) {
            yield { ...at, timestamp, message, sequence: first + i, requestId, ...(entity ? { entity } : {}) };
          }
        }
      }
    },
  };
}

/** A batch's accepted events, in the order of the request. */
export function eventsOf({ body, from, to }: Batch): LogEvent[] {
  // Its shape was checked when it was accepted.
  const { logEvents } = JSON.parse(body.toString()) as { readonly logEvents: readonly LogEvent[] };
  return logEvents.slice(from, to);
}
