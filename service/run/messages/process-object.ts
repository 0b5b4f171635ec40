import { awsFields, type Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { objectId } from '../../core/notification.ts';
import type { ObjectTask } from '../../delivery/destination.ts';
import { errorOf, type ObjectReport, onlyWaits, type ReportLine } from '../../delivery/report.ts';
import type { HandBacks } from '../queue/hand-backs.ts';
import { outcomeOf } from '../stats/outcome.ts';
import type { ProgressBooks } from '../stats/progress-books.ts';
import type { TenantStats } from '../stats/tenant-stats.ts';
import type { CanaryBooks } from './canaries.ts';
import { type DeliverAdmittedDeps, deliverAdmitted } from './deliver-admitted.ts';

export interface ProcessObjectDeps extends DeliverAdmittedDeps {
  readonly handBacks: Pick<HandBacks, 'done'>;
  readonly tenantStats: TenantStats;
  readonly progressBooks: Pick<ProgressBooks, 'ended'>;
  readonly canaries: CanaryBooks;
  readonly metrics: Pick<Metrics, 'objects' | 'objectSeconds'>;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** Delivers an object in its turn, unless its destinations are held, and says what became of it. Never rejects. */
export async function processObject(
  deps: ProcessObjectDeps,
  task: ObjectTask,
  signal: AbortSignal,
): Promise<ObjectReport> {
  const { tenantStats } = deps;
  const startedMs = deps.nowMs();
  const tenant = task.keyFields.tenant_id;
  const held = deps.breakers.held(tenant, task.ref.replay?.delivery);
  if (held) return { lines: held };

  let started = false;
  tenantStats.waiting(tenant);
  const report = await deliverAdmitted(deps, task, signal, () => {
    started = true;
    tenantStats.started(tenant);
  });
  if (!started) {
    tenantStats.withdrawn(tenant);
    return report;
  }
  if (report.lines.every(isOver)) deps.handBacks.done(tenant);
  tenantStats.ended(tenant, report, task.ref.createdMs);
  deps.progressBooks.ended(tenant, report);
  record(deps, task, report, (deps.nowMs() - startedMs) / 1000);
  deps.canaries.ended(task, report);
  return report;
}

/** Whether there is nothing more to do: a flood that becomes dead letters is worked off as one that is delivered. */
function isOver(line: ReportLine): boolean {
  if (line.kind === 'held') return false;
  return line.kind !== 'failed' || errorOf(line).disposition === 'dead-letter';
}

/** One summary line for each delivery of an object, and its count. */
function record(
  { metrics, logger, nowMs }: ProcessObjectDeps,
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
      const { level, sentence } = outcomeOf({ ...line, kind: line.kind });
      logger[level](fields, sentence);
    } else if (onlyWaits(line.code)) {
      metrics.objects.inc({ outcome: 'released' });
      logger.info({ ...fields, code: line.code }, line.message);
    } else {
      logger.warn({ ...fields, code: line.code, ...awsFields(line.aws) }, line.message);
    }
  }
}
