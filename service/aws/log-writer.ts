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
   * Creates what is missing of a route. Calls for the same route at the same time share one creation, which is why it
   * takes no signal: one caller's leaving must not fail the others. Each request has its timeout.
   */
  create(client: CloudWatchLogsClient, route: Route, retentionDays: number | undefined): Promise<void>;
}

export interface LogWriterDeps {
  readonly onCreate: (kind: 'group' | 'stream') => void;
}

/**
 * The SDK would serialize every event again, which costs more than all else together. So the command is sent with an
 * empty list, and a middleware puts the ready body in place right after serialization, before its length is taken and
 * its hash signed.
 */
export function createLogWriter(deps: LogWriterDeps): LogWriter {
  const bodies = new WeakMap<object, Buffer>();
  const prepared = new WeakSet<CloudWatchLogsClient>();
  const creations = new Map<string, Promise<void>>();

  const prepare = (client: CloudWatchLogsClient): void => {
    if (prepared.has(client)) return;
    prepared.add(client);
    client.middlewareStack.add(
      (next) => (args) => {
        const body = bodies.get(args.input);
        if (body) (args.request as { body: unknown }).body = body;
        return next(args);
      },
      { step: 'build', priority: 'high', name: 'readyBody' },
    );
  };

  const createRoute = async (client: CloudWatchLogsClient, route: Route, retentionDays: number | undefined) => {
    const stream = new CreateLogStreamCommand({ logGroupName: route.group, logStreamName: route.stream });
    try {
      await unlessExists(() => client.send(stream));
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      const created = await unlessExists(() => client.send(new CreateLogGroupCommand({ logGroupName: route.group })));
      // Only on a group of our making: the retention of an existing one is its owner's business.
      if (created) {
        deps.onCreate('group');
        if (retentionDays !== undefined) {
          await client.send(
            new PutRetentionPolicyCommand({ logGroupName: route.group, retentionInDays: retentionDays }),
          );
        }
      }
      await unlessExists(() => client.send(stream));
    }
    deps.onCreate('stream');
  };

  return {
    async put(client, body, signal) {
      prepare(client);
      const input = { logGroupName: '-', logStreamName: '-', logEvents: [] };
      bodies.set(input, body);
      const answer = await client.send(new PutLogEventsCommand(input), { abortSignal: signal });
      return answer.rejectedLogEventsInfo;
    },
    create(client, route, retentionDays) {
      const key = `${route.group}\n${route.stream}`;
      const running = creations.get(key);
      if (running) return running;
      const creation = createRoute(client, route, retentionDays).finally(() => creations.delete(key));
      creations.set(key, creation);
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
