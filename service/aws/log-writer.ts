import { type AwsFault, faultOf } from './fault.ts';
import { groupCreation } from './log-group.ts';
import type { LogsSession } from './logs-session.ts';
import type { PutEvents } from './put-events.ts';
import type { GroupPlace, Retention } from './retention.ts';

/** Puts ready-made bodies into log streams, and creates groups and streams, but only those that a put found missing. */
export interface LogWriter {
  readonly put: PutEvents;
  /**
   * Creates what is missing of a stream and its group. Calls of one session for the same stream at the same time share one
   * creation, which is why it takes no signal: one caller's leaving must not fail the others. Each request has its timeout.
   * @returns false where the stream is there already
   */
  create(session: LogsSession, place: GroupPlace, stream: string): Promise<boolean>;
  /** Of the groups that `create` makes. */
  readonly retention: Pick<Retention, 'settle' | 'owed'>;
}

export interface LogWriterDeps {
  readonly putEvents: PutEvents;
  readonly retention: Retention;
  readonly onCreate: (kind: 'group' | 'stream') => void;
}

/** After these nobody knows whether the group was created. */
const AMBIGUOUS: ReadonlySet<AwsFault> = new Set(['transient', 'aborted']);

export function createLogWriter({ putEvents, ...deps }: LogWriterDeps): LogWriter {
  return { put: putEvents, retention: deps.retention, create: createRoutes(deps) };
}

/** Creates what is missing, for those who put by themselves. */
export function createRoutes({ retention, onCreate }: Omit<LogWriterDeps, 'putEvents'>): LogWriter['create'] {
  /** Creations under way; the same names mean other groups in another session's account. */
  const creations = new WeakMap<LogsSession, Map<string, Promise<boolean>>>();

  const createGroup = async (session: LogsSession, place: GroupPlace) => {
    const notOurs = await retention.begin(place);
    let created: boolean;
    try {
      created = await unlessExists(() => session.call('CreateLogGroup', groupCreation(place.group, place.settings)));
    } catch (error) {
      if (!AMBIGUOUS.has(faultOf(error))) await notOurs();
      throw error;
    }
    if (created) onCreate('group');
    else await notOurs();
    await retention.settle(session, place, created ? 'created' : 'looked at');
  };

  const createRoute = async (session: LogsSession, place: GroupPlace, stream: string) => {
    const createStream = async () => {
      const input = { logGroupName: place.group, logStreamName: stream };
      const created = await unlessExists(() => session.call('CreateLogStream', input));
      if (created) onCreate('stream');
      return created;
    };
    let created: boolean;
    try {
      created = await createStream();
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      await createGroup(session, place);
      return createStream();
    }
    await retention.settle(session, place, 'looked at');
    return created;
  };

  return (session, place, stream) => {
    const ofSession = creations.get(session) ?? new Map<string, Promise<boolean>>();
    creations.set(session, ofSession);
    const key = `${place.group}\n${stream}`;
    const running = ofSession.get(key);
    if (running) return running;
    const creation = createRoute(session, place, stream).finally(() => ofSession.delete(key));
    ofSession.set(key, creation);
    return creation;
  };
}

/** @returns whether it was this call that created it */
async function unlessExists(create: () => Promise<unknown>): Promise<boolean> {
  try {
    await create();
    return true;
  } catch (error) {
    if (faultOf(error) === 'exists') return false;
    throw error;
  }
}
