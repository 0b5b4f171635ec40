import type { Call, LogsApi } from '../../../service/aws/api.ts';
import type { LogsSession } from '../../../service/aws/logs-session.ts';
import { type ClientPlace, LIMITS } from '../../../service/aws/place.ts';
import { callLogs } from './put-events.ts';

/** In the place of service/aws/logs-session.ts: one attempt at each call, answered by the embedded AWS's own code. */
export function createLogsSessions(settings: ClientPlace) {
  const { requestTimeoutMs: timeoutMs } = LIMITS.tenant(settings);
  return (region: string, credentials: LogsSession['credentials']): LogsSession => {
    const call = async (operation: string, input: object, options?: { abortSignal?: AbortSignal }) => {
      const session = { region, credentials };
      const body = Buffer.from(JSON.stringify(input));
      return callLogs(session, operation, body, { timeoutMs, signal: options?.abortSignal });
    };
    return {
      region,
      credentials,
      origin: async () => new URL('https://logs.invalid'),
      userAgent: async () => 'simulation',
      call: call as unknown as Call<LogsApi>,
    };
  };
}
