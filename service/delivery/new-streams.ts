import type { LogsSession } from '../aws/clients.ts';
import { faultOf } from '../aws/fault.ts';
import { DistributorError } from '../base/errors.ts';
import type { Route } from '../core/route.ts';
import { type StopSignals, unlessStopped } from './destination.ts';

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
/** Streams that are remembered of a group; a session lasts an hour. */
const STREAMS_MAX = 10_000;

interface Group {
  /** Streams that took a put. */
  readonly known: Set<string>;
  /** Whether the last stream that was not known turned out to be missing. */
  missing: boolean;
  /** The first put; null once it has come to its end, whatever that was. */
  first: Promise<unknown> | null | undefined;
}

export function createNewStreams(): NewStreams {
  const sessions = new WeakMap<LogsSession, Map<string, Group>>();

  const groupOf = (session: LogsSession, name: string): Group => {
    const groups = sessions.get(session) ?? new Map<string, Group>();
    sessions.set(session, groups);
    const group = groups.get(name) ?? { known: new Set(), missing: false, first: undefined };
    groups.set(name, group);
    return group;
  };

  return {
    async put(session, route, calls, signals) {
      const group = groupOf(session, route.group);
      const attempt = () => putAndCreate(group, route.stream, calls);
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

async function putAndCreate<T>(group: Group, stream: string, calls: StreamCalls<T>): Promise<T> {
  const { known } = group;
  if (group.missing && !known.has(stream)) group.missing = await createBefore(calls);
  for (let creations = 0; ; creations++) {
    try {
      const answer = await calls.put();
      if (known.size < STREAMS_MAX) known.add(stream);
      return answer;
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
