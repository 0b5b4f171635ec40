import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { LeaseTaken, Put } from '../chaos/journal.ts';
import { LEDGER_TABLE } from './cloud.ts';
import type { Tables } from './models/tables.ts';
import type { Actor, World } from './world.ts';

/** What AWS saw of the service, for the judge; and what must never be, looked at with every call. */
export interface Witness {
  readonly puts: ReadonlyMap<string, Put>;
  readonly acquisitions: readonly LeaseTaken[];
  /** What must never be, and was. */
  readonly findings: readonly string[];
  /** A put leaves its process. */
  leaves(caller: Actor): PutUnderWay;
  /** Watches a write to a table. @throws what the write throws */
  write<T>(caller: Actor, input: UpdateItemCommandInput, write: () => T): T;
  find(what: string): void;
}

export interface PutUnderWay {
  /** It was executed. @param seenMs from when on reads show it */
  taken(requestId: string, seenMs: number): void;
  /** Its answer was heard. */
  heard(): void;
  /** Nobody waits for its answer any more. */
  givenUp(): void;
}

/** The service knows the table's clock to so many milliseconds (service/ledger/table-clock.ts). */
const CLOCK_TOLERANCE_MS = 1_000;

/** @param settleMs for how long the lease of an owner in doubt is left alone after its end, where a delivery has `exactly_once` */
export function createWitness(world: World, tables: Tables, settleMs = 0): Witness {
  const puts = new Map<string, Put>();
  const acquisitions: LeaseTaken[] = [];
  const findings: string[] = [];
  let order = 0;
  const find = (what: string) => {
    world.note(`FOUND ${what}`);
    findings.push(what);
  };
  return {
    puts,
    acquisitions,
    findings,
    find,
    leaves({ process }) {
      const sent = order++;
      let put: Put | undefined;
      let left: Pick<Put, 'givenUpMs'> = {};
      return {
        taken(requestId, seenMs) {
          const atMs = world.nowMs;
          put = { process: process.name, sent, order: order++, atMs, seenMs, answered: false, ...left };
          puts.set(requestId, put);
        },
        heard() {
          if (put) put.answered = true;
        },
        givenUp() {
          left = { givenUpMs: world.nowMs };
          Object.assign(put ?? {}, left);
        },
      };
    },
    write(caller, input, write) {
      const { TableName, Key = {}, UpdateExpression = '' } = input;
      const values = input.ExpressionAttributeValues ?? {};
      const isLease = TableName === LEDGER_TABLE && /SET .*#owner = /.test(UpdateExpression);
      const before = tables.GetItem({ TableName, Key }).Item;
      const output = write();
      const [object = '', delivery = ''] = [Key.object?.S, Key.delivery?.S];
      const me = values[':me']?.S;
      if (object.startsWith('s3://') && me !== undefined && before?.owner?.S !== me)
        find(`written by who has no lease: ${delivery} of ${object}`);
      if (!isLease) return output;
      const endsMs = Number(before?.lease_expires_at?.N ?? 0);
      const owner = values[':owner']?.S;
      if (before?.owner?.S !== undefined && before.owner.S !== owner && endsMs > world.nowMs + CLOCK_TOLERANCE_MS)
        find(`two leases at once: ${delivery} of ${object}, the first for ${Math.round(endsMs - world.nowMs)} ms more`);
      const settledMs = endsMs + settleMs - CLOCK_TOLERANCE_MS;
      if (before?.owner !== undefined && before.owner.S !== owner && values[':setups'] && world.nowMs < settledMs)
        find(`taken over too soon after an owner in doubt: ${delivery} of ${object}`);
      if (before?.state?.S === 'done') find(`a lease of what is done: ${delivery} of ${object}`);
      const ended = before?.owner === undefined ? {} : { endedMs: endsMs };
      acquisitions.push({ process: caller.process.name, object, delivery, order: order++, ...ended });
      return output;
    },
  };
}
