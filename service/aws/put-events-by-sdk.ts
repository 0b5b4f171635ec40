import type { PutLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs';
import { once } from '../base/once.ts';
import { faultOf, statusOf } from './fault.ts';
import type { LogsSession } from './logs-session.ts';
import type { ClientPlace } from './place.ts';
import type { PutEvents } from './put-events.ts';
import { withoutQuotations } from './quotations.ts';

/**
 * PutLogEvents by way of the SDK, with its signer and its connections: what PLAIN_DECODER puts in place of put-events.ts. The body becomes
 * objects and JSON again, which is what that file saves.
 */
export function createPutEventsBySdk(place: ClientPlace): PutEvents {
  const load = once(async () => {
    const { createLogsClients, logsCalls } = await import('./sdk/logs.ts');
    const create = createLogsClients(place);
    return ({ region, credentials }: LogsSession) => logsCalls(create(region, credentials));
  });
  const callsOf = new WeakMap<LogsSession, LogsSession['call']>();

  return async (session, body, signal, beforeExecution) => {
    const call = callsOf.get(session) ?? (await load())(session);
    callsOf.set(session, call);
    const input = JSON.parse(body.toString('utf8')) as PutLogEventsCommandInput;
    beforeExecution?.();
    // The SDK's own timeout ends when the headers are there.
    const late = AbortSignal.timeout(place.requestTimeoutMs);
    try {
      const abortSignal = AbortSignal.any([signal, late]);
      const { rejectedLogEventsInfo, rejectedEntityInfo } = await call('PutLogEvents', input, { abortSignal });
      return { rejectedLogEventsInfo, rejectedEntityInfo };
    } catch (error) {
      if (late.aborted && !signal.aborted) throw late.reason;
      throw error instanceof Error ? inAwsWords(error) : error;
    }
  };
}

/** Without what AWS quotes of events; and an answer that is not JSON, such as a proxy's page, is no more than its status. */
function inAwsWords(error: Error): Error {
  const status = statusOf(error);
  if (error instanceof SyntaxError && status !== undefined && status !== 200) {
    error.name = error.message = `HTTP ${status}`;
  } else if (faultOf(error) === 'invalid') {
    error.message = withoutQuotations(error.message);
  }
  return error;
}
