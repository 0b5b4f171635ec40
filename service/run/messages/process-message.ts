import { asDistributorError } from '../../base/errors.ts';
import type { KeyTemplate } from '../../core/object-key.ts';
import { failureReport, type ObjectReport } from '../../delivery/report.ts';
import type { Freshness } from '../queue/freshness.ts';
import type { MessageInFlight } from '../queue/in-flight.ts';
import type { Admission } from './admission.ts';
import { type Announcement, NOTHING_ANNOUNCED, readAnnouncement } from './announcement.ts';
import { type CarryOutDeps, carryOut } from './carry-out.ts';
import { type ProcessObjectDeps, processObject } from './process-object.ts';
import { decide, type VerdictContext } from './verdict.ts';

export type ProcessDeps = ProcessObjectDeps &
  CarryOutDeps &
  Omit<VerdictContext, 'message' | 'nowMs'> & {
    readonly keyTemplate: KeyTemplate;
    readonly admission: Admission;
    readonly freshness: Pick<Freshness, 'follow'>;
  };

/**
 * Works on one message to its end: every object that it announces is delivered, or the message is kept where somebody
 * will look after it. Never rejects.
 */
export async function processMessage(deps: ProcessDeps, received: MessageInFlight): Promise<void> {
  let announcement = NOTHING_ANNOUNCED;
  let unreadable: ObjectReport[] = [];
  try {
    announcement = readAnnouncement(received.message.body, deps.keyTemplate);
    unreadable = announcement.errors.map(failureReport);
  } catch (error) {
    unreadable = [failureReport(asDistributorError(error))];
  }
  const message = deps.freshness.follow(received, announcedBy(announcement, received.message.sentMs));
  const admitted = deps.admission.admit(message, workingTenants(deps, announcement));
  if (admitted.kind === 'handed back') {
    deps.metrics.messagesHandedBack.inc({ reason: admitted.reason });
    return admitted.given;
  }
  const reports = await deliverAll(deps, announcement, message.signal);
  admitted.leave();
  const verdict = decide([...unreadable, ...reports], { ...deps, message: message.message, nowMs: deps.nowMs() });
  await carryOut(deps, message, announcement, verdict);
}

async function deliverAll(
  deps: ProcessDeps,
  { tasks }: Announcement,
  signal: AbortSignal,
): Promise<readonly ObjectReport[]> {
  try {
    return await Promise.all(tasks.map((task) => processObject(deps, task, signal)));
  } catch (error) {
    return [failureReport(asDistributorError(error))];
  }
}

/** Of whom objects are to be delivered now: whose destinations are all held takes up nobody's room. */
function workingTenants({ breakers }: ProcessDeps, { tasks }: Announcement): ReadonlySet<string> {
  const working = tasks.filter(({ ref, keyFields }) => !breakers.held(keyFields.tenant_id, ref.replay?.delivery));
  return new Set(working.map(({ keyFields }) => keyFields.tenant_id));
}

/** What is delivered once more is not late. */
function announcedBy({ tasks }: Announcement, sentMs: number) {
  const first = tasks.filter(({ ref }) => !ref.replay);
  return first.map(({ ref, keyFields }) => ({ tenant: keyFields.tenant_id, announcedMs: ref.createdMs ?? sentMs }));
}
