import type { Entity, RejectedEntityInfo, RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { awsErrorName, faultOf } from '../../aws/fault.ts';
import type { GroupSettings } from '../../aws/log-group.ts';
import type { LogWriter } from '../../aws/log-writer.ts';
import type { LogsSession } from '../../aws/logs-session.ts';
import type { GroupPlace } from '../../aws/retention.ts';
import type { SessionCredentials } from '../../aws/roles.ts';
import { writeLogs } from '../../aws/write-logs.ts';
import { DistributorError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { present } from '../../base/present.ts';
import { type BodyBuffer, createBodyBuffer, writeBody } from '../../core/body.ts';
import type { Delivery } from '../../core/delivery.ts';
import { entityOf } from '../../core/entity.ts';
import { EVENT_OVERHEAD_BYTES } from '../../core/limits.ts';
import { objectId } from '../../core/notification.ts';
import { type Batch, type ChunkPlan, sizeOf, timeOf } from '../../core/plan.ts';
import type { Route } from '../../core/route.ts';
import {
  type AttemptDeps,
  callTenant,
  type FailureWords,
  pause,
  type TenantCall,
  toDestinationError,
} from '../../delivery/attempts.ts';
import {
  type BatchReceipt,
  type Destination,
  type ObjectTask,
  type OpenOptions,
  type StopSignals,
  unlessStopped,
} from '../../delivery/destination.ts';
import { createSessionClients, roleRequest } from '../../delivery/tenant-session.ts';
import { createExactlyOnce, type ExactlyOnce, type ReadBack } from './exactly-once.ts';
import { createKnownExpiry } from './known-expiry.ts';
import { createNewStreams } from './new-streams.ts';
import { createReadStream } from './read-stream.ts';
import { CLOUDWATCH_LOGS, type CloudWatchTarget } from './target.ts';

/** CloudWatch Logs in a tenant's account. */

export interface CloudWatchDeps extends AttemptDeps {
  readonly writer: LogWriter;
  readonly createSession: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => LogsSession;
  readonly metrics: Pick<
    Metrics,
    | 'puts'
    | 'putSeconds'
    | 'putBytes'
    | 'throttles'
    | 'retries'
    | 'ambiguousPuts'
    | 'readBackBatches'
    | 'readBackEvents'
    | 'readBackCalls'
  >;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** How long CloudWatch Logs may take to show what it has accepted. */
  readonly settleMs: number;
  /** AWS's clock, epoch milliseconds. */
  readonly awsNowMs: () => number;
}

/** What was just created may take a moment to be seen. */
const CREATED_PAUSE_MS = 200;
/** Body buffers kept for reuse; each holds a batch. */
const BUFFERS_KEPT = 4;

/** Where no object is sent, only the tenant is told something, there is a tenant and no object. */
type CloudWatchOptions = Omit<OpenOptions<CloudWatchTarget>, 'task'> & {
  readonly task: Pick<ObjectTask, 'keyFields'> & Partial<Pick<ObjectTask, 'ref'>>;
};

export function createCloudWatch(
  deps: CloudWatchDeps,
): (options: CloudWatchOptions) => Destination & Required<Pick<Destination, 'say'>> {
  const sessionOf = createSessionClients(deps.createSession);
  const buffers: BodyBuffer[] = [];
  const streams = createNewStreams();

  return ({ delivery, target, task, watch, onNotice }) => {
    const role = roleRequest(delivery, task.keyFields);
    const placeOf = ({ group }: Route, settings = target.groupSettings): GroupPlace => ({
      tenantId: delivery.tenantId,
      accountId: delivery.accountId,
      region: delivery.region,
      group,
      retentionDays: target.retentionDays,
      settings,
    });
    const expiry = createKnownExpiry();
    const { ref } = task;
    const once =
      target.exactlyOnce && ref
        ? createExactlyOnce({
            ...deps,
            read: createReadStream({ ...deps, sessionOf }, delivery, role, watch),
            onReadBack: (outcome) => tellReadBack(deps, delivery, ref, outcome),
          })
        : undefined;

    /** One put, and what it finds missing created. */
    const attempt = async (
      credentials: SessionCredentials,
      put: PutCall['put'],
      { route, settings }: Pick<PutBatch, 'route' | 'settings'>,
      signals: StopSignals,
    ) => {
      const session = sessionOf(credentials, delivery.region);
      const calls = {
        put: () => put(session),
        create: () => {
          signals.abort.throwIfAborted();
          return unlessStopped(deps.writer.create(session, placeOf(route, settings), route.stream), signals);
        },
        pause: () => pause(CREATED_PAUSE_MS, signals),
      };
      const receipt = await streams.put(session, route, calls, signals);
      // Not waited for: the events are accepted, and have to be saved as such. Whoever uses the group next tries again.
      deps.writer.retention.settle(session, placeOf(route, settings), 'used').catch(() => {});
      return receipt;
    };

    const putOf = (body: Buffer, batch: PutBatch, signals: StopSignals): PutCall => ({
      put: (session) => attemptPut(deps, session, body, batch, signals),
    });
    const putOnce = (
      exactlyOnce: ExactlyOnce,
      plan: ChunkPlan,
      batch: Batch,
      body: Buffer,
      entity: Entity | undefined,
      signals: StopSignals,
    ): PutCall => ({
      known: (onLook) => knownOf(exactlyOnce, plan, batch, signals, onLook),
      inTurn: (attempt) => exactlyOnce.inTurn(batch, attempt),
      put(session) {
        const rest = partOf(plan, batch, exactlyOnce.rest(plan, batch));
        // The whole body may still be on its way.
        const text = rest === batch ? body : writeBody(plan, rest, createBodyBuffer(), entity);
        return exactlyOnce.put(plan, batch, signals, (beforeExecution) =>
          attemptPut(deps, session, text, rest, signals, beforeExecution),
        );
      },
    });

    /** The same until there is an answer, or no hope for one. */
    const put = ({ put, ...more }: PutCall, batch: PutBatch, signals: StopSignals) => {
      const rateLimited = {
        tenantId: delivery.tenantId,
        type: delivery.type,
        destination: `${target.service.id}/${delivery.accountId}/${delivery.region}`,
        bytes: batch.bytes,
        bytesPerSecondMax: delivery.bytesPerSecondMax,
      };
      const call = {
        service: target.service,
        role,
        region: delivery.region,
        rateLimited,
        watch,
        ...more,
        attempt: (credentials: SessionCredentials) => attempt(credentials, put, batch, signals),
      };
      return callTenant(deps, call, signals);
    };

    return {
      async say(stream, events, signals) {
        const { name: group, settings } = present(target.serviceGroup, "the log group of the service's events");
        const route = { group, stream };
        const request = { logGroupName: route.group, logStreamName: stream, logEvents: events };
        const body = Buffer.from(JSON.stringify(request));
        try {
          const batch = { route, events, bytes: body.length, settings };
          await put(putOf(body, batch, signals), batch, signals);
        } catch (error) {
          signals.abort.throwIfAborted();
          throw toDestinationError(error, wordsOf(route, delivery, target));
        }
      },
      foresee(plan, batch) {
        const { length } = batch.events;
        if (timeAt(plan, batch, length - 1) > expiry.upToMs(batch.route.group)) return undefined;
        return { tooOldBefore: 0, expiredBefore: length, tooNewFrom: length };
      },
      ...(once && { sentBefore: once.sentBefore, inDoubt: once.inDoubt }),
      async send(plan, batch, signals) {
        const buffer = buffers.pop() ?? createBodyBuffer();
        const entity = target.platform && entityOf(plan, batch, target.platform, task.keyFields);
        const body = writeBody(plan, batch, buffer, entity);
        const call = once ? putOnce(once, plan, batch, body, entity, signals) : putOf(body, batch, signals);
        try {
          const { rejectedEntity, ...receipt } = await put(call, batch, signals);
          if (rejectedEntity)
            onNotice({ code: 'entity-rejected', message: sayRejected(batch, delivery, rejectedEntity) });
          const message = deps.writer.retention.owed(placeOf(batch.route));
          if (message !== undefined) onNotice({ code: 'retention-not-set', message });
          // After a failure the buffer is left to the collector: a dying socket may still hold it.
          if (buffers.length < BUFFERS_KEPT) buffers.push(buffer);
          const { tooOldBefore, expiredBefore } = receipt;
          // Of what is too old as well it says nothing of the retention.
          if (expiredBefore > tooOldBefore) expiry.learn(batch.route.group, timeAt(plan, batch, expiredBefore - 1));
          return receipt;
        } catch (error) {
          signals.abort.throwIfAborted();
          throw toDestinationError(error, wordsOf(batch.route, delivery, target));
        }
      },
    };
  };
}

/** What is known of the events of a body. */
type PutBatch = Pick<Batch, 'route' | 'bytes'> & {
  readonly events: { readonly length: number };
  /** Of the group, should it be missing; absent: those of the delivery. */
  readonly settings?: GroupSettings;
};

/** What a put said of the events, and why it did not take their entity. */
interface PutReceipt extends BatchReceipt {
  readonly rejectedEntity: RejectedEntityInfo | undefined;
}

interface PutCall extends Pick<TenantCall<PutReceipt>, 'known' | 'inTurn'> {
  readonly put: (session: LogsSession) => Promise<PutReceipt>;
}

/** The answer to a batch of which everything is in the stream; undefined: it has to be sent. */
async function knownOf(
  once: ExactlyOnce,
  plan: ChunkPlan,
  batch: Batch,
  signals: StopSignals,
  onLook: () => void,
): Promise<PutReceipt | undefined> {
  const receipt = await once.known(plan, batch, signals, onLook);
  return receipt && { ...receipt, rejectedEntity: undefined };
}

function partOf(plan: ChunkPlan, batch: Batch, events: Uint32Array): Batch {
  if (events.length === batch.events.length) return batch;
  return { ...batch, events, bytes: sizeOf(plan, events) + events.length * EVENT_OVERHEAD_BYTES };
}

function tellReadBack(
  { metrics, logger }: Pick<CloudWatchDeps, 'metrics' | 'logger'>,
  { tenantId, type }: Delivery,
  ref: ObjectTask['ref'],
  { route, batch, events, found, calls, complete }: ReadBack,
): void {
  const outcome = !complete ? 'unread' : found === events ? 'there' : found === 0 ? 'missing' : 'partly';
  metrics.readBackBatches.inc({ outcome });
  metrics.readBackEvents.inc({ outcome: 'found' }, found);
  metrics.readBackEvents.inc({ outcome: 'sent' }, events - found);
  metrics.readBackCalls.inc(calls);
  const { group, stream } = route;
  const fields = {
    tenant: tenantId,
    delivery: type,
    object: objectId(ref),
    group,
    stream,
    batch,
    events,
    found,
    calls,
  };
  if (complete) logger.info(fields, 'read a batch back of which nobody knew whether it was delivered');
  else logger.warn(fields, 'the stream holds more events than are read back; what was not found is sent again');
}

async function attemptPut(
  deps: CloudWatchDeps,
  session: LogsSession,
  body: Buffer,
  batch: PutBatch,
  signals: StopSignals,
  beforeExecution?: () => void,
): Promise<PutReceipt> {
  const { metrics } = deps;
  const startedMs = deps.nowMs();
  try {
    const answer = await deps.writer.put(session, body, signals.abort, beforeExecution);
    metrics.puts.inc({ outcome: 'accepted' });
    metrics.putBytes.inc(batch.bytes);
    const { rejectedLogEventsInfo, rejectedEntityInfo: rejectedEntity } = answer;
    return { ...toReceipt(rejectedLogEventsInfo, batch.events.length), rejectedEntity };
  } catch (error) {
    // Of the time of sequence tokens: the service has these very events already.
    if (awsErrorName(error) === 'DataAlreadyAcceptedException')
      return { ...toReceipt(undefined, batch.events.length), rejectedEntity: undefined };
    // Our own word, before the call could be executed.
    if (error instanceof DistributorError) throw error;
    const fault = faultOf(error);
    metrics.puts.inc({ outcome: fault });
    // The service may have stored the events before it failed to say so: the one way to a duplicate without a crash.
    if (fault === 'transient') metrics.ambiguousPuts.inc();
    throw error;
  } finally {
    metrics.putSeconds.observe((deps.nowMs() - startedMs) / 1000);
  }
}

function timeAt(plan: ChunkPlan, { events }: Batch, at: number): number {
  return timeOf(plan, present(events[at], 'the event of a batch'));
}

function toReceipt(refused: RejectedLogEventsInfo | undefined, events: number): BatchReceipt {
  return {
    tooOldBefore: refused?.tooOldLogEventEndIndex ?? 0,
    expiredBefore: Math.min(refused?.expiredLogEventEndIndex ?? 0, events),
    tooNewFrom: refused?.tooNewLogEventStartIndex ?? events,
  };
}

function sayRejected({ route }: Batch, { tenantId, region }: Delivery, { errorType }: RejectedEntityInfo): string {
  const unsupported = errorType === 'UnsupportedLogGroupType' ? ' The class of the log group takes none.' : '';
  return `tenant ${tenantId}, log group ${route.group} in ${region}: CloudWatch Logs rejects the entity of the events (${errorType}). Events are delivered.${unsupported} Remove the attribute entity where nobody needs it.`;
}

function wordsOf({ group }: Route, { tenantId, region }: Delivery, target: CloudWatchTarget): FailureWords {
  return {
    place: `tenant ${tenantId}, log group ${group} in ${region}`,
    service: CLOUDWATCH_LOGS,
    missing: 'the group or stream is missing again right after its creation',
    purpose: writeLogs(region, target),
  };
}
