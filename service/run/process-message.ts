import type { Queue } from '../aws/queue.ts';
import { asDistributorError, type DistributorError } from '../base/errors.ts';
import { errorFields, type Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { isCanary } from '../core/canary.ts';
import { type ObjectRef, objectId, parseNotification } from '../core/notification.ts';
import type { KeyTemplate } from '../core/object-key.ts';
import type { ObjectTask } from '../delivery/destination.ts';
import { type Admission, putBack } from './admission.ts';
import { deliverAdmitted } from './deliver-admitted.ts';
import type { AnnouncedObject, Freshness } from './freshness.ts';
import type { Gate } from './gate.ts';
import type { HeldMessage } from './in-hand.ts';
import { errorOf, failureReport, type ObjectReport, onlyWaits, type ReportLine } from './report.ts';
import type { Scheduler } from './scheduler.ts';
import type { Surplus } from './surplus.ts';
import type { TenantBoard } from './tenant-board.ts';
import { decide, type Verdict } from './verdict.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface ProcessDeps {
  readonly keyTemplate: KeyTemplate;
  readonly admission: Admission;
  readonly gate: Gate;
  readonly freshness: Pick<Freshness, 'follow'>;
  readonly surplus: Surplus;
  readonly scheduler: Pick<Scheduler, 'submit'>;
  readonly workers: Pick<WorkerPool, 'deliver'>;
  readonly queue: Pick<Queue, 'sendDeadLetter'>;
  readonly board: TenantBoard;
  readonly metrics: Pick<
    Metrics,
    'objects' | 'objectSeconds' | 'deadLetters' | 'messagesHandedBack' | 'canaries' | 'canarySeconds'
  >;
  readonly logger: Logger;
  readonly parkMs: number;
  readonly random: () => number;
  readonly nowMs: () => number;
  /** A broken invariant: the process must end. */
  readonly onCrash: (error: DistributorError) => void;
}

/** By then the alert for canaries that are missing has rung. */
const CANARY_KEPT_MS = 3_600_000;

/**
 * Works on one message to its end: every object that it announces is delivered, or the message is kept where somebody
 * will look after it. Never rejects.
 */
export async function processMessage(deps: ProcessDeps, received: HeldMessage): Promise<void> {
  const { message } = received;
  let objects: readonly ObjectRef[] = [];
  let reports: ObjectReport[];
  try {
    const notification = parseNotification(message.body);
    if (notification.kind === 'objects') objects = notification.objects;
  } catch (error) {
    const report = failureReport(asDistributorError(error));
    return carryOut(deps, received, objects, decideNow(deps, received, [report]));
  }
  const held = deps.freshness.follow(received, announcedBy(deps, objects, message.sentMs));
  const admitted = deps.admission.admit(held, tenantsOf(deps, objects));
  if (admitted.kind === 'handed back') {
    deps.metrics.messagesHandedBack.inc({ reason: 'surplus' });
    return admitted.given;
  }
  try {
    reports = await Promise.all(objects.map((ref) => processObject(deps, held, ref)));
  } catch (error) {
    reports = [failureReport(asDistributorError(error))];
  } finally {
    admitted.leave();
  }
  await carryOut(deps, held, objects, decideNow(deps, held, reports));
}

function decideNow(deps: ProcessDeps, { message }: HeldMessage, reports: readonly ObjectReport[]): Verdict {
  return decide(reports, { message, nowMs: deps.nowMs(), parkMs: deps.parkMs, random: deps.random });
}

async function processObject(deps: ProcessDeps, held: HeldMessage, ref: ObjectRef): Promise<ObjectReport> {
  const startedMs = deps.nowMs();
  let task: ObjectTask;
  try {
    task = { ref, keyFields: deps.keyTemplate.parse(ref.key) };
  } catch (error) {
    return failureReport(asDistributorError(error));
  }
  const tenant = task.keyFields.tenant_id;
  const only = ref.replay?.delivery;
  const lines = deps.gate.held(tenant, only);
  if (lines) return { lines };
  deps.board.waiting(tenant);
  const report = await deliverAdmitted(deps, task, held.signal, () => deps.board.started(tenant));
  if (report.lines.every(isOver)) deps.surplus.done(tenant);
  deps.board.ended(tenant, report, ref.createdMs);
  record(deps, task, report, (deps.nowMs() - startedMs) / 1000);
  if (isCanary(ref)) recordCanary(deps, tenant, ref.createdMs, report);
  return report;
}

/**
 * A canary has arrived when the last of its destinations has taken it, maybe after others did at an earlier try: one that was
 * refused record by record has not.
 */
function recordCanary(
  { metrics, board, nowMs }: ProcessDeps,
  tenant: string,
  writtenMs: number | undefined,
  { lines }: ObjectReport,
): void {
  const tried = lines.filter(({ kind }) => kind !== 'skipped');
  const took = ({ kind, counts }: ReportLine) => (kind === 'done' || kind === 'duplicate') && counts?.delivered === 1;
  const arrived = tried.every(took) && tried.some(({ kind }) => kind === 'done');
  if (!arrived || writtenMs === undefined) return;
  metrics.canaries.inc({ outcome: 'delivered' });
  metrics.canarySeconds.observe(Math.max(0, nowMs() - writtenMs) / 1000);
  board.canaryDelivered(tenant, writtenMs);
}

/** Whether there is nothing more to do: a flood that becomes dead letters is worked off as one that is delivered. */
function isOver(line: ReportLine): boolean {
  if (line.kind === 'held') return false;
  return line.kind !== 'failed' || errorOf(line).disposition === 'dead-letter';
}

/** One summary line for each delivery of an object, and its count. */
function record(
  { metrics, logger, nowMs }: ProcessDeps,
  { ref, keyFields }: ObjectTask,
  report: ObjectReport,
  seconds: number,
): void {
  for (const line of report.lines) {
    const fields = {
      object: objectId(ref),
      tenant: keyFields.tenant_id,
      delivery: line.type,
      ...(line.format ? { format: line.format } : {}),
      ...line.counts,
      seconds,
      ...(ref.createdMs === undefined ? {} : { lag_seconds: (nowMs() - ref.createdMs) / 1000 }),
    };
    if (line.kind === 'held') {
      logger.debug({ ...fields, code: line.code }, line.message);
    } else if (line.kind !== 'failed') {
      metrics.objects.inc({ outcome: line.kind });
      if (line.kind === 'done') metrics.objectSeconds.observe(seconds);
      logger.info(fields, SENTENCES[line.kind]);
    } else if (onlyWaits(line.code)) {
      metrics.objects.inc({ outcome: 'released' });
      logger.info({ ...fields, code: line.code }, line.message);
    } else {
      logger.warn({ ...fields, code: line.code }, line.message);
    }
  }
}

const SENTENCES = {
  done: 'object delivered',
  duplicate: 'object was delivered before; acknowledged again',
  skipped: 'delivery is disabled; object acknowledged',
} as const;

async function carryOut(
  deps: ProcessDeps,
  held: HeldMessage,
  objects: readonly ObjectRef[],
  verdict: Verdict,
): Promise<void> {
  const { metrics, logger } = deps;
  if (hasFailed(verdict) && isStaleCanary(deps, objects)) {
    metrics.canaries.inc({ outcome: 'given_up' });
    logger.info({ objects: objects.map(objectId), code: verdict.error.code }, 'a canary did not arrive; given up');
    return held.remove();
  }
  switch (verdict.kind) {
    case 'delete':
      return held.remove();
    case 'wait':
      return wait(deps, held, objects, verdict);
    case 'fail':
      metrics.objects.inc({ outcome: verdict.error.disposition });
      return held.renew(verdict.history, verdict.delaySeconds);
    case 'dead-letter':
      return bury(deps, held, objects, verdict.error);
    case 'crash':
      logger.fatal(errorFields(verdict.error), 'a broken invariant ends the process; the ledger resumes');
      await held.release(0);
      deps.onCrash(verdict.error);
  }
}

/** Whether something did not take the message's objects: to stop, or to wait for another process, says nothing of them. */
function hasFailed(verdict: Verdict): verdict is Extract<Verdict, { kind: 'wait' | 'fail' | 'dead-letter' }> {
  return verdict.kind !== 'crash' && verdict.kind !== 'delete' && !onlyWaits(verdict.error.code);
}

/**
 * Nobody misses a canary: where one cannot be delivered, it must not pile up in the queue or among the dead letters. One of
 * unknown age is kept like any object.
 */
function isStaleCanary({ nowMs }: ProcessDeps, objects: readonly ObjectRef[]): boolean {
  const stale = (ref: ObjectRef) =>
    isCanary(ref) && ref.createdMs !== undefined && nowMs() - ref.createdMs > CANARY_KEPT_MS;
  return objects.length > 0 && objects.every(stale);
}

async function wait(
  deps: ProcessDeps,
  held: HeldMessage,
  objects: readonly ObjectRef[],
  { error, delaySeconds }: Extract<Verdict, { kind: 'wait' }>,
): Promise<void> {
  if (error.code !== 'destination-throttled') return putBack(held, delaySeconds);
  deps.metrics.messagesHandedBack.inc({ reason: 'throttled' });
  const paces = [...tenantsOf(deps, objects)].map((tenant) => deps.surplus.handBack(tenant));
  return putBack(held, Math.max(delaySeconds, ...paces));
}

/** The message is deleted only after the dead letter was accepted; if that fails it stays, and all of this comes again. */
async function bury(
  deps: ProcessDeps,
  held: HeldMessage,
  objects: readonly ObjectRef[],
  error: DistributorError,
): Promise<void> {
  const { message } = held;
  const attributes = {
    reason: error.code,
    tenant_id: [...tenantsOf(deps, objects)].join(' '),
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
    return held.release(60);
  }
  deps.metrics.objects.inc({ outcome: 'dead_letter' });
  deps.metrics.deadLetters.inc({ reason: error.code });
  for (const tenant of tenantsOf(deps, objects)) deps.board.deadLetter(tenant);
  deps.logger.warn({ ...attributes, message_id: message.id }, 'message moved to the dead-letter queue');
  return held.remove();
}

function announcedBy(deps: ProcessDeps, objects: readonly ObjectRef[], sentMs: number): AnnouncedObject[] {
  return objects.flatMap(({ key, createdMs = sentMs, replay }) => {
    const tenant = tenantOf(deps, key);
    // What is delivered once more is not late.
    return tenant === undefined || replay ? [] : [{ tenant, announcedMs: createdMs }];
  });
}

function tenantsOf(deps: ProcessDeps, objects: readonly ObjectRef[]): ReadonlySet<string> {
  return new Set(objects.flatMap(({ key }) => tenantOf(deps, key) ?? []));
}

function tenantOf({ keyTemplate }: ProcessDeps, key: string): string | undefined {
  try {
    return keyTemplate.parse(key).tenant_id;
  } catch {
    // A key without a tenant becomes a dead letter, with the reason.
    return undefined;
  }
}
