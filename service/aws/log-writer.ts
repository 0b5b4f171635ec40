import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
  type RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Route } from '../core/route.ts';
import { faultOf } from './fault.ts';

/** Puts ready-made bodies into log streams, and creates groups and streams, but only those that a put found missing. */
export interface LogWriter {
  /** One PutLogEvents call, not repeated. @returns what the service says of events that it refused */
  put(client: CloudWatchLogsClient, body: Buffer, signal: AbortSignal): Promise<RejectedLogEventsInfo | undefined>;
  /**
   * Creates what is missing of a route. Calls of one client for the same route at the same time share one creation,
   * which is why it takes no signal: one caller's leaving must not fail the others. Each request has its timeout.
   */
  create(client: CloudWatchLogsClient, route: Route, retentionDays: number | undefined): Promise<void>;
}

export interface LogWriterDeps {
  readonly onCreate: (kind: 'group' | 'stream') => void;
}

interface Account {
  readonly creations: Map<string, Promise<void>>;
  /** Groups of our making whose retention is still to be set. That of an existing group is its owner's business. */
  readonly unretained: Set<string>;
}

/**
 * The SDK would serialize every event again, which costs more than all else together. So the command is sent with an
 * empty list, and a middleware puts the ready body in place right after serialization, before its length is taken and
 * its hash signed.
 */
export function createLogWriter(deps: LogWriterDeps): LogWriter {
  const bodies = new WeakMap<object, Buffer>();
  const accounts = new WeakMap<CloudWatchLogsClient, Account>();

  /** What is known of the account that a client writes to; the same names mean other groups in another. */
  const accountOf = (client: CloudWatchLogsClient): Account => {
    const known = accounts.get(client);
    if (known) return known;
    client.middlewareStack.add(
      (next) => (args) => {
        const body = bodies.get(args.input);
        if (body) (args.request as { body: unknown }).body = body;
        return next(args);
      },
      { step: 'build', priority: 'high', name: 'readyBody' },
    );
    const account: Account = { creations: new Map(), unretained: new Set() };
    accounts.set(client, account);
    return account;
  };

  const createRoute = async (
    client: CloudWatchLogsClient,
    { unretained }: Account,
    { group, stream }: Route,
    retentionDays: number | undefined,
  ) => {
    const createStream = async () => {
      const command = new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream });
      if (await unlessExists(() => client.send(command))) deps.onCreate('stream');
    };
    const retain = async () => {
      if (retentionDays === undefined || !unretained.has(group)) return;
      await client.send(new PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: retentionDays }));
      unretained.delete(group);
    };
    await retain();
    try {
      await createStream();
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      if (await unlessExists(() => client.send(new CreateLogGroupCommand({ logGroupName: group })))) {
        deps.onCreate('group');
        if (retentionDays !== undefined) unretained.add(group);
      }
      await retain();
      await createStream();
    }
  };

  return {
    async put(client, body, signal) {
      accountOf(client);
      const input = { logGroupName: '-', logStreamName: '-', logEvents: [] };
      bodies.set(input, body);
      const answer = await client.send(new PutLogEventsCommand(input), { abortSignal: signal });
      return answer.rejectedLogEventsInfo;
    },
    create(client, route, retentionDays) {
      const account = accountOf(client);
      const key = `${route.group}\n${route.stream}`;
      const running = account.creations.get(key);
      if (running) return running;
      const creation = createRoute(client, account, route, retentionDays).finally(() => account.creations.delete(key));
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
