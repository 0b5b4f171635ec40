import type { Announcer } from '../../aws/announce.ts';
import { BATCH_MAX } from '../../aws/sqs-batch.ts';
import type { ObjectRef } from '../../core/notification.ts';
import type { Replay } from '../../core/replay.ts';
import { CommandError } from '../errors.ts';
import type { FoundObject } from './find.ts';
import type { ReplayState, ReplayStates } from './state.ts';

/** Puts the objects of a replay into the queue. */

export interface FeedDeps {
  readonly announcer: Announcer;
  readonly states: Pick<ReplayStates, 'read' | 'save'>;
  /** How an object is announced. */
  readonly refOf: (object: FoundObject, state: ReplayState) => Promise<ObjectRef>;
  readonly onProgress: (state: ReplayState) => void;
}

/** Those that were not fed yet. */
export function remaining(objects: readonly FoundObject[], { lastMs, lastKey }: ReplayState): FoundObject[] {
  return objects.filter(({ lastModifiedMs, key }) =>
    lastModifiedMs === lastMs ? key > lastKey : lastModifiedMs > lastMs,
  );
}

/** Resolves when all is fed, or when the announcer is stopped. @returns how far it came */
export async function feed(deps: FeedDeps, objects: readonly FoundObject[], from: ReplayState): Promise<ReplayState> {
  let state = from;
  const rest = remaining(objects, from);
  for (let at = 0; at < rest.length; at += BATCH_MAX) {
    const batch = rest.slice(at, at + BATCH_MAX);
    if (!(await send(deps, batch, state))) return state;
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
    deps.onProgress(state);
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

/** @returns false when the announcer was stopped */
async function send(deps: FeedDeps, batch: readonly FoundObject[], state: ReplayState): Promise<boolean> {
  const refs = await Promise.all(batch.map((object) => deps.refOf(object, state)));
  const sent = await deps.announcer.send(refs);
  if (sent === 'stopped') return false;
  // Those that were taken are announced again when it goes on; the ledger delivers them once.
  if (sent.failed.length > 0) {
    throw new CommandError(
      `SQS did not take ${sent.failed.length} of ${batch.length} messages (${sent.code}): continue with \`log-distributor replay --continue ${state.id}\``,
    );
  }
  return true;
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
