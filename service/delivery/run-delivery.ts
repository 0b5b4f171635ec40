import { createHash } from 'node:crypto';
import type { Quarantine, QuarantineLine } from '../aws/quarantine.ts';
import type { S3Object } from '../aws/s3-source.ts';
import { asDistributorError, DistributorError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Accounted } from '../core/accounted.ts';
import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import { type Counts, NO_COUNTS, unaccounted } from '../core/counts.ts';
import { type Delivery, fieldsOf, layoutOf } from '../core/delivery.ts';
import { objectId } from '../core/notification.ts';
import { type ChunkPlan, planChunk } from '../core/plan.ts';
import { recordText } from '../core/record-text.ts';
import { recordTest } from '../core/replay.ts';
import type { QuarantineReason } from '../core/screen.ts';
import type { Acquisition, Ledger } from '../ledger/ledger.ts';
import { copyWhole } from './copy-whole.ts';
import {
  type Destination,
  type ObjectTask,
  type OpenDestination,
  type StopSignals,
  throwIfStopped,
} from './destination.ts';
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts';
import type { OpenObject } from './open-object.ts';
import { readAhead } from './read-ahead.ts';
import { type SendChunkDeps, sendChunk } from './send-chunk.ts';
import { createTracker, type Tracker } from './tracker.ts';

/** `accepted`: the destination accepted something this time, not in an earlier attempt. */
export type DeliveryResult =
  | {
      readonly type: string;
      readonly kind: 'done';
      readonly counts: Counts;
      readonly format: string;
      readonly accepted: boolean;
    }
  | { readonly type: string; readonly kind: 'duplicate'; readonly counts: Counts }
  /** Disabled, or held back by whoever called. */
  | { readonly type: string; readonly kind: 'skipped' | 'held' }
  | {
      readonly type: string;
      readonly kind: 'failed';
      readonly error: DistributorError;
      readonly counts: Counts;
      readonly accepted: boolean;
    };

export interface RunDeliveryDeps {
  readonly ledger: Ledger;
  readonly leaseMs: number;
  /** For how long a position that the ledger does not take is tried again before it is lost. */
  readonly savePatienceMs: number;
  readonly openObject: OpenObject;
  readonly openDecoder: (object: S3Object, limits: DecodeLimits, signal: AbortSignal) => Promise<Decoder>;
  readonly openDestination: OpenDestination;
  readonly quarantine: Quarantine;
  readonly metrics: Pick<
    Metrics,
    'events' | 'messageBytes' | 'timestampsSubstituted' | 'valuesUnshown' | 'routesOverflowed' | 'lagSeconds'
  >;
  /** Told of an object's records as they come to their ends in this process, one delivery after another. */
  readonly onAccounted: (task: ObjectTask, accounted: Partial<Accounted>) => void;
  readonly decodeLimits: DecodeLimits;
  /** Memory that any object may be admitted for, bytes. */
  readonly memoryBytesMax: number;
  readonly eventBytesMax: number;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

/** So many owners in a row that died at the same place are no accident: the object is dead-lettered before it kills more. */
const CRASHES_MAX = 5;
/** Part of `layout`: raise it with every change that moves the boundaries of chunks or batches; a test knows them. */
export const LAYOUT_VERSION = 2;

/** Runs one delivery of one object to its end, or to the last position that it can save. Never throws. */
export async function runDelivery(
  deps: RunDeliveryDeps,
  task: ObjectTask,
  delivery: Delivery,
  signals: StopSignals,
): Promise<DeliveryResult> {
  const { type } = delivery;
  let counts = NO_COUNTS;
  let accepted = false;
  try {
    throwIfStopped(signals);
    const acquiredMs = deps.monotonicMs();
    const acquisition = await deps.ledger.acquire({
      object: objectId(task.ref),
      delivery: `${delivery.tenantId}/${type}`,
    });
    if (acquisition.kind === 'done') return { type, kind: 'duplicate', counts: acquisition.counts };
    if (acquisition.kind === 'held') {
      const error = new DistributorError(
        'lease-held',
        `another process is delivering ${objectId(task.ref)} to ${delivery.tenantId}/${type}`,
        { retryAfterMs: acquisition.remainingMs },
      );
      return { type, kind: 'failed', error, counts, accepted };
    }
    const held = { ...acquisition, acquiredMs };
    const run = await deliver(deps, task, delivery, held, signals, {
      counts: (progress) => {
        counts = progress;
      },
      accepted: () => {
        accepted = true;
      },
    });
    return { type, kind: 'done', ...run, accepted };
  } catch (error) {
    return { type, kind: 'failed', error: asDistributorError(error), counts, accepted };
  }
}

/** Told how a delivery goes, whatever becomes of it. */
interface Watch {
  readonly counts: (counts: Counts) => void;
  readonly accepted: () => void;
}

async function deliver(
  deps: RunDeliveryDeps,
  task: ObjectTask,
  delivery: Delivery,
  {
    lease,
    progress,
    crashes,
    acquiredMs,
  }: Extract<Acquisition, { kind: 'acquired' }> & { readonly acquiredMs: number },
  outer: StopSignals,
  watch: Watch,
): Promise<{ counts: Counts; format: string }> {
  // Until the format is known, the position is what the ledger has.
  let tracker: Tracker | undefined;
  await using keeper = createLeaseKeeper({
    lease,
    leaseMs: deps.leaseMs,
    acquiredMs,
    progress: () => tracker?.progress() ?? progress,
    stop: AbortSignal.any([outer.drain, outer.abort]),
    patienceMs: deps.savePatienceMs,
    random: deps.random,
    nowMs: deps.monotonicMs,
  });
  const signals = {
    drain: AbortSignal.any([outer.drain, keeper.doubt]),
    abort: AbortSignal.any([outer.abort, keeper.lost]),
    look: keeper.look,
  };
  // Reading, and keeping what is refused, have nothing to finish: they end at once in either case.
  const reading = AbortSignal.any([signals.drain, signals.abort]);
  try {
    if (crashes >= CRASHES_MAX) {
      throw new DistributorError(
        'object-poisonous',
        `${crashes} processes or threads ended while they were at ${objectId(task.ref)}, none got any further with it`,
      );
    }
    using object = await deps.openObject(task.ref, reading);
    using decoder = await deps.openDecoder(object, deps.decodeLimits, reading);
    tracker = createTracker(progress, layout(deps, delivery, decoder));
    const destination = deps.openDestination({ delivery, target: delivery.target, task });
    const run = { task, delivery, object, destination, signals, reading };
    const copied = tracker.from.record === 0 ? await copyWhole(deps, run) : undefined;
    if (copied) {
      watch.accepted();
      account(deps, run, { ...copied.counts, messageBytes: copied.messageBytes });
    } else {
      await deliverChunks(deps, { ...run, decoder, tracker, keeper, watch });
    }
    const counts = copied?.counts ?? tracker.counts();
    if (unaccounted(counts) !== 0) {
      throw new DistributorError(
        'invariant-broken',
        `${unaccounted(counts)} records of ${objectId(task.ref)} are in no count`,
      );
    }
    await keeper.finish(counts);
    deps.metrics.lagSeconds.observe(Math.max(0, deps.nowMs() - (task.ref.createdMs ?? object.lastModifiedMs)) / 1000);
    return { counts, format: decoder.format };
  } catch (cause) {
    const error = stopReason(outer, keeper) ?? asDistributorError(cause);
    if (error.disposition === 'dead-letter') await keeper.bury(error.code);
    // A lease that cannot be given back runs out by itself, and what was not saved is sent again. One that ends in a
    // crash must run out, or nobody would count it.
    else if (error.code !== 'lease-lost' && error.disposition !== 'crash') await keeper.release().catch(() => {});
    throw error;
  } finally {
    if (tracker) watch.counts(tracker.counts());
  }
}

/** What a stop or a lost lease breaks shows itself as any error; these are its real reasons. */
function stopReason(
  outer: StopSignals,
  { doubt, lost }: Pick<LeaseKeeper, 'doubt' | 'lost'>,
): DistributorError | undefined {
  if (lost.aborted) return asDistributorError(lost.reason);
  if (outer.abort.aborted) return asDistributorError(outer.abort.reason);
  if (doubt.aborted) return asDistributorError(doubt.reason);
  if (outer.drain.aborted) return new DistributorError('stopping', 'the service is stopping; the position is saved');
  return undefined;
}

function layout(deps: RunDeliveryDeps, delivery: Delivery, decoder: Decoder): string {
  const text = JSON.stringify([
    LAYOUT_VERSION,
    decoder.format,
    layoutOf(delivery),
    deps.eventBytesMax,
    deps.decodeLimits,
  ]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

interface Run {
  readonly task: ObjectTask;
  readonly delivery: Delivery;
  readonly object: S3Object;
  readonly destination: Destination;
  readonly decoder: Decoder;
  readonly tracker: Tracker;
  readonly keeper: { checkpoint(): Promise<void> };
  readonly watch: Watch;
  readonly signals: StopSignals;
  readonly reading: AbortSignal;
}

async function deliverChunks(deps: RunDeliveryDeps, run: Run): Promise<void> {
  const { task, delivery, destination, tracker, signals } = run;
  const memory = { grantedBytes: task.memoryBytes ?? deps.memoryBytesMax, mostBytes: deps.memoryBytesMax };
  const { messageFormat } = delivery;
  const request = { fields: fieldsOf(delivery), messageFormat, limits: deps.decodeLimits, memory };
  const context = {
    delivery,
    keyFields: task.keyFields,
    lastModifiedMs: run.object.lastModifiedMs,
    eventBytesMax: deps.eventBytesMax,
    asked: recordTest(task.ref.replay),
  };
  for await (const chunk of readAhead(run.decoder.chunks(tracker.from, request, run.reading))) {
    const plan = planChunk(chunk, context);
    await keepRefusals(deps, run, plan);
    await sendChunk(plan, { destination, tracker, ...sendHooks(deps, run, plan) }, signals);
    const unsent = { filtered: plan.filtered, quarantined: plan.refusals.length };
    tracker.completeChunk(chunk, unsent);
    account(deps, run, unsent);
    deps.metrics.timestampsSubstituted.inc({ cause: 'missing' }, plan.substituted.missing);
    deps.metrics.timestampsSubstituted.inc({ cause: 'unreadable' }, plan.substituted.unreadable);
    deps.metrics.routesOverflowed.inc(plan.overflowed);
    deps.metrics.valuesUnshown.inc({ cause: 'value' }, chunk.unshown?.values ?? 0);
    deps.metrics.valuesUnshown.inc({ cause: 'column' }, chunk.unshown?.columns ?? 0);
    // The end of the object is saved by `finish`.
    if (chunk.next) await run.keeper.checkpoint();
  }
}

function sendHooks(deps: RunDeliveryDeps, run: Run, plan: ChunkPlan): Pick<SendChunkDeps, 'quarantine' | 'onAccepted'> {
  return {
    quarantine: (reason, batch, events) =>
      keep(
        deps,
        run,
        reason,
        `${plan.chunk.at.record}/${batch.index}`,
        events.map((event) => ({ ...event, detail: REJECTED[reason] ?? reason })),
      ),
    onAccepted: (batch, counts) => {
      run.watch.accepted();
      const overheadBytes = batch.events.length * run.delivery.target.limits.eventOverheadBytes;
      account(deps, run, { ...counts, messageBytes: batch.bytes - overheadBytes });
    },
  };
}

const REJECTED: Readonly<Partial<Record<QuarantineReason, string>>> = {
  too_old: 'CloudWatch Logs refused the event: its timestamp is more than 14 days old',
  too_new: 'CloudWatch Logs refused the event: its timestamp is more than 2 hours ahead',
  expired: 'CloudWatch Logs refused the event: its timestamp is older than the retention of the log group',
};

/** Records that are never sent are in quarantine before the position can move past them. */
async function keepRefusals(deps: RunDeliveryDeps, run: Run, plan: ChunkPlan): Promise<void> {
  for (const [reason, refusals] of Map.groupBy(plan.refusals, (refusal) => refusal.reason)) {
    const lines = refusals.map(({ record, detail }) => {
      // Its own time, not the object's that would have stood for it.
      const timestamp = plan.chunk.timestampsMs[record] ?? Number.NaN;
      return {
        record: plan.chunk.at.record + record,
        detail,
        message: recordText(plan.chunk, record),
        ...(Number.isFinite(timestamp) ? { timestamp } : {}),
      };
    });
    await keep(deps, run, reason, String(plan.chunk.at.record), lines);
  }
}

async function keep(
  deps: RunDeliveryDeps,
  { task, delivery, reading }: Run,
  reason: QuarantineReason,
  place: string,
  lines: readonly Omit<QuarantineLine, 'object' | 'delivery' | 'reason'>[],
): Promise<void> {
  const common = { object: objectId(task.ref), delivery: `${delivery.tenantId}/${delivery.type}`, reason };
  await deps.quarantine.write(
    {
      bucket: task.ref.bucket,
      tenantId: delivery.tenantId,
      reason,
      place: `${common.object}\n${common.delivery}\n${place}`,
    },
    lines.map((line) => ({ ...common, ...line })),
    // What is not kept now is kept by whoever goes on: a drain need not wait.
    reading,
  );
}

function account(
  deps: RunDeliveryDeps,
  { task, delivery: { tenantId: tenant } }: Pick<Run, 'task' | 'delivery'>,
  accounted: Partial<Accounted>,
): void {
  for (const outcome of ['delivered', 'filtered', 'rejected', 'quarantined'] as const) {
    const records = accounted[outcome];
    if (records) deps.metrics.events.inc({ tenant, outcome }, records);
  }
  if (accounted.messageBytes !== undefined) deps.metrics.messageBytes.inc({ tenant }, accounted.messageBytes);
  deps.onAccounted(task, accounted);
}
