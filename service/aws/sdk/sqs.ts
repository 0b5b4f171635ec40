import * as commands from '@aws-sdk/client-sqs';
import type { Call, SqsApi } from '../api.ts';
import { type CallLimits, type ClientPlace, LIMITS } from '../place.ts';
import { sdkCalls } from './calls.ts';
import { common, createHandler } from './common.ts';

function create(place: ClientPlace, limits: CallLimits): commands.SQSClient {
  const { attemptsMax: maxAttempts } = limits;
  return new commands.SQSClient({ ...common(place), maxAttempts, requestHandler: createHandler(limits) });
}

export function createSqsClient(place: ClientPlace): commands.SQSClient {
  return create(place, LIMITS.queue(place));
}

export function createReceiveClient(place: ClientPlace): commands.SQSClient {
  return create(place, LIMITS.receive(place));
}

export function sqsCalls(client: commands.SQSClient): Call<SqsApi> {
  return sdkCalls(commands, client);
}
