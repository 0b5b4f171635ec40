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
  /** A place in the row of puts and leases, for `taken`. */
  moment(): number;
  /** A call has put events. @param sent the moment at which it left */
  taken(requestId: string, caller: Actor, sent: number): void;
  /** Its answer was heard. */
  heard(requestId: string): void;
  /** Watches a write to a table. @throws what the write throws */
  write<T>(caller: Actor, input: UpdateItemCommandInput, write: () => T): T;
  find(what: string): void;
}

/** The service knows the table's clock to so many milliseconds (service/ledger/table-clock.ts). */
const CLOCK_TOLERANCE_MS = 1_000;

export function createWitness(world: World, tables: Tables): Witness {
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
    moment: () => order++,
    taken(requestId, caller, sent) {
      const { name } = caller.process;
      puts.set(requestId, { process: name, sent, order: order++, atMs: world.nowMs, answered: false });
    },
    heard(requestId) {
      const put = puts.get(requestId);
      if (put) put.answered = true;
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
      if (before?.state?.S === 'done') find(`a lease of what is done: ${delivery} of ${object}`);
      acquisitions.push({ process: caller.process.name, object, delivery, order: order++ });
      return output;
    },
  };
}
