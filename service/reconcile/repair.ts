import type { Announcer } from '../aws/announce.ts';
import { batchesOf } from '../aws/sqs-batch.ts';
import { type ObjectRef, objectId } from '../core/notification.ts';
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
  readonly marks: Pick<Marks, 'claim' | 'giveBack'>;
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
 * Announces lost objects. When its turn has come, each is claimed in the ledger, so that no other process announces it too, and given
 * back when it could not be announced. A process that dies in between leaves a claim, and the object is announced once the queue is
 * read further than that.
 * @returns false when the announcer was stopped
 * @throws what the table or SQS answers
 */
export async function repair(deps: RepairDeps, lost: readonly LostObject[], done: Repaired): Promise<boolean> {
  for (const batch of batchesOf(lost)) {
    if (!(await deps.announcer.ready())) return false;
    deps.check();
    const claims = await claimAll(deps, batch);
    const claimed = batch.filter((_, at) => claims[at] === 'claimed');
    for (const [at, object] of batch.entries()) {
      if (claims[at] === 'announced') done.waiting++;
      if (claims[at] !== 'given up') continue;
      done.givenUp++;
      deps.onGivenUp(object);
    }
    if (claimed.length === 0) continue;
    const failed = await announce(deps, claimed);
    if (failed === 'stopped') return false;
    done.announced += claimed.length - failed;
    // They are announced when they are found again.
    done.waiting += failed;
  }
  return true;
}

async function claimAll(deps: RepairDeps, batch: readonly LostObject[]) {
  const claims = await Promise.allSettled(batch.map(({ ref }) => deps.marks.claim(objectId(ref), deps.readUpToMs)));
  const refused = claims.find((claim) => claim.status === 'rejected');
  if (!refused) return claims.map((claim) => (claim.status === 'fulfilled' ? claim.value : undefined));
  const isOurs = (claim: (typeof claims)[number] | undefined) =>
    claim?.status === 'fulfilled' && claim.value === 'claimed';
  const ours = batch.filter((_, at) => isOurs(claims[at]));
  await giveBack(
    deps,
    ours.map(({ ref }) => ref),
  );
  throw refused.reason;
}

/** @returns how many SQS did not take */
async function announce(deps: RepairDeps, claimed: readonly LostObject[]): Promise<number | 'stopped'> {
  const refs = claimed.map(({ ref }) => ref);
  let left: readonly ObjectRef[] = refs;
  try {
    const sent = await deps.announcer.send(refs);
    if (sent === 'stopped') return sent;
    left = sent.failed;
    return left.length;
  } finally {
    await giveBack(deps, left);
  }
}

/** A claim that cannot be given back is one of three; why nothing was announced matters more. */
async function giveBack({ marks }: RepairDeps, refs: readonly ObjectRef[]): Promise<void> {
  await Promise.allSettled(refs.map((ref) => marks.giveBack(objectId(ref))));
}
