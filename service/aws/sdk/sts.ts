import * as commands from '@aws-sdk/client-sts';
import type { Call, StsApi } from '../api.ts';
import { type ClientPlace, LIMITS } from '../place.ts';
import { sdkCalls } from './calls.ts';
import { common, createHandler } from './common.ts';

/** @param credentials with which roles are assumed. Default: those of the process */
export function createStsClient(
  place: ClientPlace,
  credentials?: commands.STSClientConfig['credentials'],
): commands.STSClient {
  const limits = LIMITS.sts(place);
  return new commands.STSClient({
    ...common(place),
    maxAttempts: limits.attemptsMax,
    requestHandler: createHandler(limits),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

export function stsCalls(client: commands.STSClient): Call<StsApi> {
  return sdkCalls(commands, client);
}
