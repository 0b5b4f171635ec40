import type { Queue } from '../../aws/queue.ts';
import type { DistributorError } from '../../base/errors.ts';
import { errorFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { objectId } from '../../core/notification.ts';
import { onlyWaits } from '../../delivery/report.ts';
import type { HandBacks } from '../queue/hand-backs.ts';
import type { MessageInFlight } from '../queue/in-flight.ts';
import type { Parked } from '../stats/parked.ts';
import type { TenantStats } from '../stats/tenant-stats.ts';
import { putBack } from './admission.ts';
import type { Announcement } from './announcement.ts';
import { buryRest } from './bury-rest.ts';
import type { CanaryBooks } from './canaries.ts';
import type { Verdict } from './verdict.ts';

export interface CarryOutDeps {
  readonly queue: Pick<Queue, 'sendDeadLetter'>;
  readonly handBacks: Pick<HandBacks, 'handBack'>;
  readonly parked: Pick<Parked, 'add'>;
  readonly tenantStats: Pick<TenantStats, 'deadLetter'>;
  readonly canaries: Pick<CanaryBooks, 'areStale'>;
  readonly metrics: Pick<Metrics, 'objects' | 'deadLetters' | 'messagesHandedBack' | 'canaries'>;
  readonly logger: Logger;
  /** Notes in the ledger that an object's message is a dead letter, as well as it can: never rejects. */
  readonly noteDeadLetter: (object: string, reason: string) => Promise<void>;
  /** A broken invariant: the process must end. */
  readonly onCrash: (error: DistributorError) => void;
}

/** How long a message stays away whose dead letter could not be sent. */
const UNSENT_SECONDS = 60;
/** S3 announces one object in a message. The rest of a larger one is announced again where the bucket is compared with the ledger. */
const MARKS_MAX = 50;

/** Gives a message back as the verdict says. Never rejects. */
export async function carryOut(
  deps: CarryOutDeps,
  message: MessageInFlight,
  announcement: Announcement,
  verdict: Verdict,
): Promise<void> {
  const { metrics, logger } = deps;
  if (hasFailed(verdict) && deps.canaries.areStale(announcement)) {
    metrics.canaries.inc({ outcome: 'given_up' });
    const objects = announcement.objects.map(objectId);
    logger.info({ objects, code: verdict.error.code }, 'a canary could not be delivered; it is not retried');
    return message.remove();
  }
  switch (verdict.kind) {
    case 'delete':
      return finish(deps, message, announcement);
    case 'wait':
      return wait(deps, message, announcement, verdict);
    case 'fail':
      metrics.objects.inc({ outcome: verdict.error.disposition });
      if (verdict.error.disposition !== 'retry') park(deps, announcement, verdict, verdict.delaySeconds);
      return message.renew(verdict.history, verdict.delaySeconds);
    case 'dead-letter':
      return bury(deps, message, announcement, verdict.error);
    case 'crash':
      logger.fatal(errorFields(verdict.error), 'a broken invariant ends the process; the ledger resumes');
      await message.release(0);
      deps.onCrash(verdict.error);
  }
}

/** What stands beside the objects is kept before the message goes for good; where the message stays, it is still in it. */
async function finish(deps: CarryOutDeps, message: MessageInFlight, { rest }: Announcement): Promise<void> {
  if (rest && !(await buryRest(deps, message.message, rest))) return message.release(UNSENT_SECONDS);
  return message.remove();
}

type Kept = Extract<Verdict, { kind: 'wait' | 'fail' }>;

/** Whether something did not take the message's objects: to stop, or to wait for another process, says nothing of them. */
function hasFailed(verdict: Verdict): verdict is Kept | Extract<Verdict, { kind: 'dead-letter' }> {
  return verdict.kind !== 'crash' && verdict.kind !== 'delete' && !onlyWaits(verdict.error.code);
}

async function wait(
  deps: CarryOutDeps,
  message: MessageInFlight,
  announcement: Announcement,
  verdict: Extract<Verdict, { kind: 'wait' }>,
): Promise<void> {
  let { delaySeconds } = verdict;
  if (verdict.error.disposition === 'pace') {
    deps.metrics.messagesHandedBack.inc({ reason: 'throttled' });
    for (const tenant of announcement.tenants) delaySeconds = Math.max(delaySeconds, deps.handBacks.handBack(tenant));
  }
  if (WAITS_FOR_DESTINATION.has(verdict.error.code)) park(deps, announcement, verdict, delaySeconds);
  return putBack(message, delaySeconds);
}

const WAITS_FOR_DESTINATION: ReadonlySet<string> = new Set(['answer-awaited', 'destination-throttled']);

function park({ parked }: CarryOutDeps, { tenants }: Announcement, { deadLetterAtMs }: Kept, seconds: number): void {
  parked.add(tenants, seconds, deadLetterAtMs);
}

/** The message is deleted only after the dead letter was accepted; if that fails it stays, and all of this comes again. */
async function bury(
  deps: CarryOutDeps,
  inFlight: MessageInFlight,
  { objects, tenants }: Announcement,
  error: DistributorError,
): Promise<void> {
  const { message } = inFlight;
  const attributes = {
    reason: error.code,
    tenant_id: [...tenants].join(' '),
    object: objects.map(objectId).join(' '),
    detail: error.message,
  };
  try {
    await deps.queue.sendDeadLetter(message.body, attributes);
  } catch (cause) {
    deps.logger.error(
      { ...errorFields(cause), message_id: message.id },
      'a dead letter could not be sent; the message stays in its queue',
    );
    return inFlight.release(UNSENT_SECONDS);
  }
  deps.metrics.objects.inc({ outcome: 'dead_letter' });
  deps.metrics.deadLetters.inc({ reason: error.code });
  for (const tenant of tenants) deps.tenantStats.deadLetter(tenant);
  const first = objects.filter(({ replay }) => !replay).slice(0, MARKS_MAX);
  await Promise.all(first.map((ref) => deps.noteDeadLetter(objectId(ref), error.code)));
  deps.logger.warn({ ...attributes, message_id: message.id }, 'message moved to the dead-letter queue');
  return inFlight.remove();
}
