import type { S3Object } from '../aws/s3-source.ts';
import { asDistributorError, DistributorError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Accounted } from '../core/accounted.ts';
import { bookEvents } from '../core/book-events.ts';
import type { DecodeLimits, Decoder } from '../core/chunk.ts';
import { type Counts, NO_COUNTS, unaccounted } from '../core/counts.ts';
import { type Delivery, fieldsOf } from '../core/delivery.ts';
import { objectId } from '../core/notification.ts';
import type { Place } from '../core/place.ts';
import { type ChunkPlan, planChunk } from '../core/plan.ts';
import { countRefusals } from '../core/refusal.ts';
import { recordTest } from '../core/replay.ts';
import type { Acquisition, DoubtOptions, Ledger } from '../ledger/ledger.ts';
import type { Quarantine } from '../quarantine/writer.ts';
import { type CallWatch, tellAsked } from './call-watch.ts';
import { copyWhole } from './copy-whole.ts';
import {
  type Destination,
  type Notice,
  type ObjectTask,
  type OpenDestination,
  type StopSignals,
  throwIfStopped,
} from './destination.ts';
import { createKeep, type Keep, keepRefusals } from './keep-refused.ts';
import { deliverySetup, objectLayout } from './layout.ts';
import { createLeaseKeeper, type LeaseKeeper } from './lease-keeper.ts';
import type { OpenDecoder, OpenObject } from './open-object.ts';
import { readAhead } from './read-ahead.ts';
import type { RejectedEvents } from './rejected-events.ts';
import { type SendChunkDeps, sendChunk } from './send-chunk.ts';
import { createTracker, type Tracker } from './tracker.ts';

/** `accepted`: the destination accepted something this time, not in an earlier attempt. */
export type DeliveryResult =
  | {
      readonly type: string;
      /** Where its destination is. */
      readonly place: Place;
      readonly kind: 'done';
      readonly counts: Counts;
      readonly format: string;
      readonly accepted: boolean;
      readonly notice?: Notice;
    }
  | { readonly type: string; readonly kind: 'duplicate'; readonly counts: Counts }
  /** Disabled, or held back by whoever called. */
  | { readonly type: string; readonly kind: 'skipped' | 'held' }
  | {
      readonly type: string;
      /** Absent where the trouble came before any delivery. */
      readonly place?: Place;
      readonly kind: 'failed';
      readonly error: DistributorError;
      readonly counts: Counts;
      readonly accepted: boolean;
      readonly notice?: Notice;
    };

export interface RunDeliveryDeps {
  readonly ledger: Ledger;
  readonly leaseMs: number;
  /** How long destinations may take to show what they have accepted. */
  readonly settleMs: number;
  /** For how long a position that the ledger does not take is tried again before it is lost. */
  readonly savePatienceMs: number;
  readonly openObject: OpenObject;
  readonly openDecoder: OpenDecoder;
  readonly openDestination: OpenDestination;
  readonly quarantine: Quarantine;
  readonly rejectedEvents: RejectedEvents;
  readonly metrics: Pick<
    Metrics,
    | 'events'
    | 'messageBytes'
    | 'timestampsSubstituted'
    | 'invalidText'
    | 'valuesUnshown'
    | 'routesOverflowed'
    | 'lagSeconds'
  >;
  /** Told of an object's records as they come to their ends in this process, one delivery after another. */
  readonly onAccounted: (task: ObjectTask, accounted: Partial<Accounted>) => void;
  /** A chunk of the object has so many records beyond the names that it may have. Told once for each attempt. */
  readonly onOverflow: (task: ObjectTask, delivery: Delivery, records: number) => void;
  readonly decodeLimits: DecodeLimits;
  /** Memory that any object may be admitted for, bytes. */
  readonly memoryBytesMax: number;
  readonly eventBytesMax: number;
  readonly random: () => number;
  /** AWS's clock, epoch milliseconds: by it events are too old or too new, whatever the host's says. */
  readonly awsNowMs: () => number;
  readonly monotonicMs: () => number;
}

/** So many owners in a row that died at the same place are no accident: the object is dead-lettered before it kills more. */
const CRASHES_MAX = 5;

/**
 * Runs one delivery of one object to its end, or to the last position that it can save. Never throws.
 * @param deliveries all of the tenant's
 */
export async function runDelivery(
  deps: RunDeliveryDeps,
  task: ObjectTask,
  delivery: Delivery,
  calls: CallWatch,
  signals: StopSignals,
  deliveries: readonly Delivery[] = [delivery],
): Promise<DeliveryResult> {
  const { type } = delivery;
  const place: Place = { service: delivery.target.service, region: delivery.region };
  let counts = NO_COUNTS;
  let accepted = false;
  let noticed: { readonly notice?: Notice } = {};
  try {
    throwIfStopped(signals);
    const acquiredMs = deps.monotonicMs();
    const key = { object: objectId(task.ref), delivery: `${delivery.tenantId}/${type}` };
    const acquisition = await deps.ledger.acquire(key, doubtsOf(deps, delivery));
    if (acquisition.kind === 'done') return { type, kind: 'duplicate', counts: acquisition.counts };
    if (acquisition.kind === 'held') {
      const error = new DistributorError(
        'lease-held',
        `another process is delivering ${objectId(task.ref)} to ${delivery.tenantId}/${type}`,
        { retryAfterMs: acquisition.remainingMs },
      );
      return { type, place, kind: 'failed', error, counts, accepted };
    }
    const held = { ...acquisition, acquiredMs };
    const run = await deliver(deps, task, delivery, deliveries, calls, held, signals, {
      counts: (progress) => {
        counts = progress;
      },
      accepted: () => {
        accepted = true;
      },
      notice: (notice) => {
        noticed = { notice };
      },
    });
    return { type, place, kind: 'done', ...run, accepted, ...noticed };
  } catch (error) {
    return { type, place, kind: 'failed', error: asDistributorError(error), counts, accepted, ...noticed };
  }
}

function doubtsOf(deps: RunDeliveryDeps, delivery: Delivery): DoubtOptions | undefined {
  if (!delivery.target.exactlyOnce) return undefined;
  return { settleMs: deps.settleMs, setup: deliverySetup(delivery, deps) };
}

/** Told how a delivery goes, whatever becomes of it. */
interface Watch {
  readonly counts: (counts: Counts) => void;
  readonly accepted: () => void;
  readonly notice: (notice: Notice) => void;
}

async function deliver(
  deps: RunDeliveryDeps,
  task: ObjectTask,
  delivery: Delivery,
  deliveries: readonly Delivery[],
  calls: CallWatch,
  {
    lease,
    progress,
    crashes,
    inDoubt,
    otherSetup,
    acquiredMs,
  }: Extract<Acquisition, { kind: 'acquired' }> & { readonly acquiredMs: number },
  outer: StopSignals,
  watch: Watch,
): Promise<{ counts: Counts; format: string }> {
  // Until the format is known, the position is what the ledger has.
  let tracker: Tracker | undefined;
  let destination: Destination | undefined;
  /** Calls of the owner before, until the destination knows of them. */
  let doubted = inDoubt && delivery.target.exactlyOnce === true ? { otherSetup } : undefined;
  await using keeper = createLeaseKeeper({
    lease,
    leaseMs: deps.leaseMs,
    acquiredMs,
    progress: () => tracker?.progress() ?? progress,
    inDoubt: () => doubted !== undefined || (destination?.inDoubt?.() ?? false),
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
        `${crashes} processes or threads ended while they worked on ${objectId(task.ref)}, and none made progress`,
      );
    }
    using object = await deps.openObject(task.ref, reading);
    using decoder = await deps.openDecoder(object, deps.decodeLimits, reading, delivery.inputFormat);
    const kept = createTracker(progress, objectLayout(delivery, decoder, deps), isBooked(delivery));
    tracker = kept;
    destination = deps.openDestination({
      delivery,
      target: delivery.target,
      task,
      watch: tellAsked(calls, () => kept.called()),
      onNotice: watch.notice,
    });
    const run = { task, delivery, deliveries, calls, object, destination, signals, reading };
    const copied = tracker.from.record === 0 ? await copyWhole(deps, run) : undefined;
    if (copied) {
      watch.accepted();
      account(deps, run, { ...copied.counts, messageBytes: copied.messageBytes });
    } else {
      const resumed = tracker;
      const onPlanned = (plan: ChunkPlan) => {
        tellSentBefore(run.destination, resumed, plan, doubted);
        doubted = undefined;
      };
      await deliverChunks(deps, { ...run, decoder, tracker, keeper, watch, onPlanned });
    }
    const counts = copied?.counts ?? tracker.counts();
    if (unaccounted(counts) !== 0) {
      throw new DistributorError(
        'invariant-broken',
        `${unaccounted(counts)} records of ${objectId(task.ref)} are not accounted for`,
      );
    }
    const { size } = object.source;
    const { bytes, ...totals } = tracker.totals();
    await keeper.finish({ counts, ...totals, bytes: copied?.messageBytes ?? bytes, size });
    deps.metrics.lagSeconds.observe(
      Math.max(0, deps.awsNowMs() - (task.ref.createdMs ?? object.lastModifiedMs)) / 1000,
    );
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

/** Whether receipts are made of what it delivers. */
function isBooked({ target }: Delivery): boolean {
  return target.receipts !== undefined;
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

/** Tells the destination what owners before may have sent of the chunk at which this one goes on. */
function tellSentBefore(
  destination: Destination,
  tracker: Tracker,
  plan: ChunkPlan,
  doubted: { readonly otherSetup: boolean } | undefined,
): void {
  const before = tracker.sentBefore(doubted);
  if (!before) return;
  const accepted = (index: number) => tracker.accepted(index) || tracker.answerTo(index) !== undefined;
  destination.sentBefore?.(plan, { ...before, settled: doubted !== undefined, accepted });
}

interface Run {
  readonly task: ObjectTask;
  readonly delivery: Delivery;
  readonly deliveries: readonly Delivery[];
  readonly calls: CallWatch;
  readonly object: S3Object;
  readonly destination: Destination;
  readonly decoder: Decoder;
  readonly tracker: Tracker;
  readonly keeper: { checkpoint(): Promise<void> };
  readonly watch: Watch;
  /** A chunk is planned, and nothing of it is sent yet. */
  readonly onPlanned: (plan: ChunkPlan) => void;
  readonly signals: StopSignals;
  readonly reading: AbortSignal;
}

async function deliverChunks(deps: RunDeliveryDeps, run: Run): Promise<void> {
  const { task, delivery, tracker } = run;
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
  const rejected = deps.rejectedEvents.open({ ...run, watch: run.calls, onNotice: run.watch.notice });
  const keep = createKeep(deps.quarantine, task, delivery, run.reading, rejected);
  let overflowed = false;
  for await (const chunk of readAhead(run.decoder.chunks(tracker.from, request, run.reading))) {
    const judgedMs = tracker.judgedMs(deps.awsNowMs());
    const plan = planChunk(chunk, { ...context, judgedMs });
    tracker.planned(plan.judged ? judgedMs : undefined);
    run.onPlanned(plan);
    await deliverChunk(deps, run, keep, plan);
    if (plan.overflowed > 0 && !overflowed) deps.onOverflow(task, delivery, plan.overflowed);
    overflowed ||= plan.overflowed > 0;
    // The end of the object is saved by `finish`.
    if (chunk.next) await run.keeper.checkpoint();
  }
}

async function deliverChunk(deps: RunDeliveryDeps, run: Run, keep: Keep, plan: ChunkPlan): Promise<void> {
  const { delivery, destination, tracker, keeper, signals, watch } = run;
  const save = () => keeper.checkpoint();
  const { eventOverheadBytes } = delivery.target.limits;
  const onAccepted: SendChunkDeps['onAccepted'] = (_batch, counts, messageBytes) =>
    account(deps, run, { ...counts, messageBytes });
  const book = isBooked(delivery) ? bookEvents : undefined;
  const sending = { destination, tracker, keep, save, onTaken: watch.accepted, onAccepted, book, eventOverheadBytes };
  await sendChunk(plan, sending, signals);
  if (plan.judged) {
    // Kept records must not be sent by whoever goes on later, when they are no longer too new.
    tracker.fix();
    await save();
  }
  await keepRefusals(keep, plan);
  const unsent = { filtered: plan.filtered, ...countRefusals(plan.refusals) };
  tracker.completeChunk(plan.chunk, unsent, deps.awsNowMs());
  account(deps, run, unsent);
  deps.metrics.timestampsSubstituted.inc({ cause: 'missing' }, plan.substituted.missing);
  deps.metrics.timestampsSubstituted.inc({ cause: 'unreadable' }, plan.substituted.unreadable);
  deps.metrics.invalidText.inc({ outcome: 'delivered' }, plan.notUtf8.admitted);
  deps.metrics.invalidText.inc({ outcome: 'quarantined' }, plan.notUtf8.refused);
  deps.metrics.valuesUnshown.inc({ cause: 'value' }, plan.chunk.unshown?.values ?? 0);
  deps.metrics.valuesUnshown.inc({ cause: 'column' }, plan.chunk.unshown?.columns ?? 0);
  if (plan.overflowed > 0) deps.metrics.routesOverflowed.inc({ tenant: delivery.tenantId }, plan.overflowed);
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
