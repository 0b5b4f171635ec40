import * as commands from '@aws-sdk/client-cloudwatch-logs';
import type { Call, LogsApi } from '../api.ts';
import type { SigningKeys } from '../http/sigv4.ts';
import { type ClientPlace, LIMITS } from '../place.ts';
import { sdkCalls } from './calls.ts';
import { common, createHandler } from './common.ts';

/**
 * Makes clients of CloudWatch Logs in tenants' accounts. A client weighs some 50 kB, and a thousand tenants need theirs once, so it is to
 * be dropped after use. Clients share their sockets, so none must ever be destroyed.
 */
export function createLogsClients(
  place: ClientPlace,
): (region: string, credentials: SigningKeys) => commands.CloudWatchLogsClient {
  const limits = LIMITS.tenant(place);
  const requestHandler = createHandler(limits);
  /** New clients inherit the clock offset; otherwise the first call of each would be refused. */
  let newest: commands.CloudWatchLogsClient | undefined;
  return (region, credentials) => {
    const systemClockOffset = newest?.config.systemClockOffset ?? 0;
    const maxAttempts = limits.attemptsMax;
    const options = { ...common(place), region, credentials, requestHandler, maxAttempts, systemClockOffset };
    newest = new commands.CloudWatchLogsClient(options);
    return newest;
  };
}

export function logsCalls(client: commands.CloudWatchLogsClient): Call<LogsApi> {
  return sdkCalls(commands, client);
}
