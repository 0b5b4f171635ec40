import {
  type CloudWatchLogsClient,
  PutLogEventsCommand,
  type PutLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs';
import type { LogsSession } from './clients.ts';
import { faultOf } from './fault.ts';
import type { PutEvents } from './put-events.ts';
import { withoutQuotations } from './quotations.ts';

/**
 * PutLogEvents by way of the SDK, with its signer and its connections: what PLAIN_DECODER puts in place of put-events.ts. The body becomes
 * objects and JSON again, which is what that file saves.
 */
export function createPutEventsBySdk(): PutEvents {
  const clients = new WeakMap<LogsSession, CloudWatchLogsClient>();
  const clientOf = (session: LogsSession): CloudWatchLogsClient => {
    const client = clients.get(session) ?? session.client();
    clients.set(session, client);
    return client;
  };

  return async (session, body, signal) => {
    const input = JSON.parse(body.toString('utf8')) as PutLogEventsCommandInput;
    try {
      const answer = await clientOf(session).send(new PutLogEventsCommand(input), { abortSignal: signal });
      return answer.rejectedLogEventsInfo;
    } catch (error) {
      if (error instanceof Error && faultOf(error) === 'invalid') error.message = withoutQuotations(error.message);
      throw error;
    }
  };
}
