import type { Announcer } from '../aws/announce.ts';
import { batchesOf } from '../aws/sqs-batch.ts';
import { objectId } from '../core/notification.ts';
import type { Marks } from '../ledger/marks.ts';
import type { LostObject } from './check.ts';

/** What became of lost objects that were to be announced. */
export interface Repaired {
  announced: number;
  /** Announced before, and the announcement may still wait in the queue. */
  waiting: number;
  /** Announced three times, and lost each time: an operator must look. */
  givenUp: number;
}

export interface RepairDeps {
  readonly announcer: Announcer;
  readonly marks: Pick<Marks, 'claim'>;
  /** How far the fleet has read the queue, epoch milliseconds. */
  readonly readUpToMs: number;
  /** Called before each batch. @throws when this process must not go on */
  readonly check: () => void;
  readonly onGivenUp: (object: LostObject) => void;
}

export function nothingRepaired(): Repaired {
  return { announced: 0, waiting: 0, givenUp: 0 };
}

/**
 * Announces lost objects. Each is claimed in the ledger first, so that no other process announces it too; a process that dies in
 * between leaves a claim, and the object is announced once the queue is read further than that.
 * @returns false when the announcer was stopped
 * @throws what the table or SQS answers
 */
export async function repair(deps: RepairDeps, lost: readonly LostObject[], done: Repaired): Promise<boolean> {
  for (const batch of batchesOf(lost)) {
    deps.check();
    const claims = await Promise.all(batch.map(({ ref }) => deps.marks.claim(objectId(ref), deps.readUpToMs)));
    const claimed = batch.filter((_, at) => claims[at] === 'claimed');
    for (const [at, object] of batch.entries()) {
      if (claims[at] === 'announced') done.waiting++;
      if (claims[at] !== 'given up') continue;
      done.givenUp++;
      deps.onGivenUp(object);
    }
    if (claimed.length === 0) continue;
    const sent = await deps.announcer.send(claimed.map(({ ref }) => ref));
    if (sent === 'stopped') return false;
    done.announced += claimed.length - sent.failed.length;
    // What SQS did not take is claimed: it is announced when it is found again.
    done.waiting += sent.failed.length;
  }
  return true;
}
