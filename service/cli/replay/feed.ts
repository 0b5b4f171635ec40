import { setTimeout as delay } from 'node:timers/promises';
import { GetQueueAttributesCommand, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BATCH_MAX } from '../../aws/sqs-batch.ts';
import type { Throttle } from '../../aws/throttle.ts';
import { type ObjectRef, objectNotification } from '../../core/notification.ts';
import type { Replay } from '../../core/replay.ts';
import { CommandError } from '../errors.ts';
import type { FoundObject } from './find.ts';
import type { ReplayState, ReplayStates } from './state.ts';

/** Puts the objects of a replay into the queue: at a rate, and only while what is live does not wait. */

export interface FeedDeps {
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly queueUrl: string;
  readonly states: Pick<ReplayStates, 'read' | 'save'>;
  /** How an object is announced. */
  readonly refOf: (object: FoundObject, state: ReplayState) => Promise<ObjectRef>;
  readonly throttle: Throttle;
  /** Nothing is sent while more messages than this wait in the queue. */
  readonly backlogMax: number;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly onProgress: (state: ReplayState, note: string) => void;
}

const LOOK_AGAIN_MS = 2_000;

/** Those that were not fed yet. */
export function remaining(objects: readonly FoundObject[], { lastMs, lastKey }: ReplayState): FoundObject[] {
  return objects.filter(({ lastModifiedMs, key }) =>
    lastModifiedMs === lastMs ? key > lastKey : lastModifiedMs > lastMs,
  );
}

/** Resolves when all is fed, or when the signal aborts. @returns how far it came */
export async function feed(deps: FeedDeps, objects: readonly FoundObject[], from: ReplayState): Promise<ReplayState> {
  let state = from;
  const rest = remaining(objects, from);
  for (let at = 0; at < rest.length; at += BATCH_MAX) {
    const batch = rest.slice(at, at + BATCH_MAX);
    await deps.throttle.take(batch.length);
    await untilLiveIsServed(deps, state);
    if (deps.signal.aborted) return state;
    await send(deps, batch, state);
    const last = batch.at(-1);
    const after: ReplayState = {
      ...state,
      fed: state.fed + batch.length,
      lastMs: last?.lastModifiedMs ?? state.lastMs,
      lastKey: last?.key ?? state.lastKey,
      state: at + batch.length >= rest.length ? 'fed' : 'feeding',
    };
    if (!(await deps.states.save(state, after)) && !(await isSaved(deps, after))) {
      throw new CommandError(`another process is feeding replay ${state.id} right now`);
    }
    state = after;
    deps.onProgress(state, '');
  }
  if (state.state === 'fed') return state;
  // Nothing was left: the last save of an earlier run did not get through.
  const after: ReplayState = { ...state, state: 'fed' };
  await deps.states.save(state, after);
  return after;
}

/** A save whose answer was lost, and which the SDK repeated, finds its own work done. */
async function isSaved({ states }: FeedDeps, after: ReplayState): Promise<boolean> {
  const now = await states.read(after.id);
  return now?.fed === after.fed && now.lastKey === after.lastKey;
}

async function untilLiveIsServed(deps: FeedDeps, state: ReplayState): Promise<void> {
  while (!deps.signal.aborted) {
    const { Attributes } = await deps.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: deps.queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    const waiting = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    if (waiting <= deps.backlogMax) return;
    deps.onProgress(state, `waiting: the queue has ${waiting} messages`);
    await delay(LOOK_AGAIN_MS, undefined, { signal: deps.signal }).catch(() => {});
  }
}

async function send(deps: FeedDeps, batch: readonly FoundObject[], state: ReplayState): Promise<void> {
  const refs = await Promise.all(batch.map((object) => deps.refOf(object, state)));
  const { Failed = [] } = await deps.sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: deps.queueUrl,
      Entries: refs.map((ref, at) => ({
        Id: String(at),
        // A replay is late from now on; what was missed, since it was written.
        MessageBody: objectNotification(ref, (ref.replay ? undefined : ref.createdMs) ?? deps.nowMs()),
      })),
    }),
  );
  // Those that were taken are announced again when it goes on; the ledger delivers them once.
  if (Failed.length > 0) {
    throw new CommandError(
      `SQS did not take ${Failed.length} of ${batch.length} messages (${Failed[0]?.Code}): continue with \`log-distributor replay --continue ${state.id}\``,
    );
  }
}

/** undefined: objects are announced as at first. */
export function replayOf({ id, delivery, application, missing }: ReplayState): Replay | undefined {
  if (missing) return undefined;
  return { id, ...(delivery === undefined ? {} : { delivery }), ...(application === undefined ? {} : { application }) };
}

/** The object as its notification names it, where the bucket has no versions. */
export function toRef(object: FoundObject, state: ReplayState): ObjectRef {
  const replay = replayOf(state);
  return {
    bucket: state.bucket,
    key: object.key,
    version: object.eTag,
    versionId: undefined,
    size: object.bytes,
    createdMs: object.lastModifiedMs,
    ...(replay ? { replay } : {}),
  };
}
