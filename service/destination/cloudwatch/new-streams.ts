import { faultOf } from '../../aws/fault.ts';
import type { LogsSession } from '../../aws/logs-session.ts';
import { DistributorError } from '../../base/errors.ts';
import { lruSet } from '../../base/lru.ts';
import type { Route } from '../../core/route.ts';
import { type StopSignals, unlessStopped } from '../../delivery/destination.ts';

/**
 * What puts have told of a session's log streams. Nothing is ever looked for: a put comes first and says what is missing. But where
 * the last stream of a group that was new to us was missing (a new tenant, the first minutes of a day), the next new one most
 * likely is too: it is created before its put, which saves the put that would only say so. The first put to a group goes alone, so
 * that the others know what it found out.
 */
export interface NewStreams {
  put<T>(session: LogsSession, route: Route, calls: StreamCalls<T>, signals: StopSignals): Promise<T>;
}

export interface StreamCalls<T> {
  /** One put. */
  readonly put: () => Promise<T>;
  /** Creates the stream, and its group where that is missing. @returns false where the stream is there already */
  readonly create: () => Promise<boolean>;
  /** Waits for what was just created to be seen. */
  readonly pause: () => Promise<void>;
}

/** A put that finds its stream missing right after its creation is eventual consistency; more often than this it is not. */
const CREATIONS_MAX = 3;
/** What is remembered of a session, which lasts an hour: the groups that were used last, and streams in all of them. */
const GROUPS_MAX = 1_000;
const STREAMS_MAX = 20_000;

interface Session {
  readonly groups: Map<string, Group>;
  streams: number;
}

interface Group {
  /** Streams that took a put. */
  readonly known: Set<string>;
  /** Whether the last stream that was not known turned out to be missing. */
  missing: boolean;
  /** The first put; null once it has come to its end, whatever that was. */
  first: Promise<unknown> | null | undefined;
}

export function createNewStreams(): NewStreams {
  const sessions = new WeakMap<LogsSession, Session>();

  const sessionOf = (key: LogsSession): Session => {
    const session = sessions.get(key) ?? { groups: new Map(), streams: 0 };
    sessions.set(key, session);
    return session;
  };
  const groupOf = ({ groups }: Session, name: string): Group => {
    const group = groups.get(name) ?? { known: new Set(), missing: false, first: undefined };
    lruSet(groups, name, group, GROUPS_MAX);
    return group;
  };

  return {
    async put(key, route, calls, signals) {
      const session = sessionOf(key);
      const group = groupOf(session, route.group);
      const attempt = async () => {
        const answer = await putAndCreate(group, route.stream, calls);
        remember(session, group, route.stream);
        return answer;
      };
      if (group.first === undefined) {
        const first = attempt();
        group.first = first;
        const over = () => {
          group.first = null;
        };
        first.then(over, over);
        return first;
      }
      if (group.first) await unlessStopped(group.first.catch(throwIfTransient), signals);
      return attempt();
    },
  };
}

function remember(session: Session, { known }: Group, stream: string): void {
  if (known.has(stream)) return;
  // All is asked anew rather than that anything grows: the streams of a session that are used again are few.
  if (session.streams >= STREAMS_MAX) {
    for (const group of session.groups.values()) group.known.clear();
    session.streams = 0;
  }
  known.add(stream);
  session.streams++;
}

async function putAndCreate<T>(group: Group, stream: string, calls: StreamCalls<T>): Promise<T> {
  if (group.missing && !group.known.has(stream)) group.missing = await createBefore(calls);
  for (let creations = 0; ; creations++) {
    try {
      return await calls.put();
    } catch (error) {
      if (faultOf(error) !== 'missing' || creations === CREATIONS_MAX) throw error;
    }
    group.missing = await calls.create();
    if (creations > 0) await calls.pause();
  }
}

/** @returns whether the stream was missing */
async function createBefore({ create }: Pick<StreamCalls<unknown>, 'create'>): Promise<boolean> {
  try {
    return await create();
  } catch (error) {
    // Maybe it is there, and may be written: the put knows.
    if (faultOf(error) === 'refused') return false;
    throw error;
  }
}

/** Silence concerns every put to the group: whoever waited for the first need not wait for an answer once more. */
function throwIfTransient(error: unknown): void {
  if (!(error instanceof DistributorError) && faultOf(error) === 'transient') throw error;
}
