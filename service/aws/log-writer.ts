import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Route } from '../core/route.ts';
import type { LogsSession } from './clients.ts';
import { faultOf } from './fault.ts';
import type { PutEvents } from './put-events.ts';

/** Puts ready-made bodies into log streams, and creates groups and streams, but only those that a put found missing. */
export interface LogWriter {
  readonly put: PutEvents;
  /**
   * Creates what is missing of a route. Calls of one session for the same route at the same time share one creation,
   * which is why it takes no signal: one caller's leaving must not fail the others. Each request has its timeout.
   * @returns false where the stream is there already
   */
  create(session: LogsSession, route: Route, retentionDays: number | undefined): Promise<boolean>;
}

export interface LogWriterDeps {
  readonly putEvents: PutEvents;
  readonly onCreate: (kind: 'group' | 'stream') => void;
}

interface Account {
  readonly creations: Map<string, Promise<boolean>>;
  /** Groups of our making whose retention is still to be set. That of an existing group is its owner's business. */
  readonly unretained: Set<string>;
}

export function createLogWriter(deps: LogWriterDeps): LogWriter {
  const accounts = new WeakMap<LogsSession, Account>();

  /** What is known of the account that a session writes to; the same names mean other groups in another. */
  const accountOf = (session: LogsSession): Account => {
    const known = accounts.get(session);
    if (known) return known;
    const account: Account = { creations: new Map(), unretained: new Set() };
    accounts.set(session, account);
    return account;
  };

  const createRoute = async (
    session: LogsSession,
    { unretained }: Account,
    { group, stream }: Route,
    retentionDays: number | undefined,
  ) => {
    const client = session.client();
    const createStream = async () => {
      const command = new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream });
      const created = await unlessExists(() => client.send(command));
      if (created) deps.onCreate('stream');
      return created;
    };
    const retain = async () => {
      if (retentionDays === undefined || !unretained.has(group)) return;
      await client.send(new PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: retentionDays }));
      unretained.delete(group);
    };
    await retain();
    try {
      return await createStream();
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      if (await unlessExists(() => client.send(new CreateLogGroupCommand({ logGroupName: group })))) {
        deps.onCreate('group');
        if (retentionDays !== undefined) unretained.add(group);
      }
      await retain();
      return createStream();
    }
  };

  return {
    put: deps.putEvents,
    create(session, route, retentionDays) {
      const account = accountOf(session);
      const key = `${route.group}\n${route.stream}`;
      const running = account.creations.get(key);
      if (running) return running;
      const creation = createRoute(session, account, route, retentionDays).finally(() => account.creations.delete(key));
      account.creations.set(key, creation);
      return creation;
    },
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
