import * as commands from '@aws-sdk/client-dynamodb';
import type { Call, DynamoApi, ObserveAnswer } from '../api.ts';
import { type ClientPlace, LIMITS } from '../place.ts';
import { sdkCalls } from './calls.ts';
import { common, createHandler } from './common.ts';

export function createDynamoClient(place: ClientPlace, observe?: ObserveAnswer): commands.DynamoDBClient {
  const limits = LIMITS.table(place);
  const { attemptsMax: maxAttempts } = limits;
  const client = new commands.DynamoDBClient({ ...common(place), maxAttempts, requestHandler: createHandler(limits) });
  if (observe) observeAnswers(client, observe);
  return client;
}

export function dynamoCalls(client: commands.DynamoDBClient): Call<DynamoApi> {
  return sdkCalls(commands, client);
}

/** Of each attempt at a call, next to the network. */
export function observeAnswers(client: commands.DynamoDBClient, observe: ObserveAnswer): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const answered = observe();
      const result = await next(args);
      answered((result.response as { headers?: Record<string, string> } | undefined)?.headers?.date);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'observeAnswers' },
  );
}
