import type { Call, DynamoApi, KmsApi, ObserveAnswer, S3Api, SqsApi, StsApi } from '../../../service/aws/api.ts';
import type { GetObject } from '../../../service/aws/get-object.ts';
import type { SigningKeys } from '../../../service/aws/http/sigv4.ts';
import { type CallLimits, type ClientPlace, LIMITS } from '../../../service/aws/place.ts';
import { withRetry } from '../../../service/aws/retry.ts';
import { QUEUE_URL, theCloud } from '../cloud.ts';
import type { PutInput } from '../models/tenant-buckets.ts';
import type { Called } from '../weather.ts';
import { type Actor, worldNow } from '../world.ts';

/** In the place of service/aws/calls.ts: the same calls, timeouts and repetitions, answered by the models. */

export type CallSettings = ClientPlace;

/** As the service's own calls wait between attempts. */
const WAITS = { firstMs: 100, throttledFirstMs: 500, capMs: 20_000 };
const NEVER = new AbortController().signal;

interface Way {
  readonly service: Called['service'];
  readonly limits: CallLimits;
  readonly execute: (operation: string, input: never, actor: Actor | undefined) => unknown;
  /** Whose account it is, where it is a tenant's. */
  readonly place?: Pick<Called, 'account' | 'region'>;
  readonly about?: (input: never) => string;
  readonly observe?: ObserveAnswer | undefined;
}

/** Every call of an API, as a `Call` makes them. */
function callsOf<Api>({ service, limits, execute, place, about = () => '', observe }: Way): Call<Api> {
  const { attemptsMax, requestTimeoutMs: timeoutMs } = limits;
  const make = (operation: string, input: never, { abortSignal: signal }: { abortSignal?: AbortSignal } = {}) =>
    withRetry(
      () => {
        const observed = observe?.();
        const onHeard = observed && ((awsMs: number) => observed(new Date(awsMs).toUTCString()));
        const { actor } = worldNow();
        const request = { service, operation, ...place, about: about(input), timeoutMs, signal, onHeard };
        return theCloud().network.call(request, () => execute(operation, input, actor));
      },
      { attemptsMax, ...WAITS },
      { random: Math.random },
      signal ?? NEVER,
    );
  return make as unknown as Call<Api>;
}

/** The models' methods are named as the operations. */
function executeOn(model: object, operation: string, input: never): unknown {
  const execute = (model as Record<string, (input: never) => unknown>)[operation];
  if (!execute) throw new Error(`the model has no ${operation}`);
  return execute.call(model, input);
}

export function createQueueCalls(settings: CallSettings): Call<SqsApi> {
  return callsOf({
    service: 'sqs',
    limits: LIMITS.queue(settings),
    execute(operation, input) {
      const { queues, stirred } = theCloud();
      const output = executeOn(queues, operation, input);
      stirred();
      return output;
    },
    about: ({ QueueUrl, Entries }: { QueueUrl?: string; Entries?: readonly unknown[] }) =>
      `${QueueUrl === QUEUE_URL ? '' : 'dead letters '}${Entries?.length ?? ''}`,
  });
}

export function createReceiveCalls(settings: CallSettings): Call<SqsApi> {
  const { requestTimeoutMs: timeoutMs } = LIMITS.receive(settings);
  const receive = (
    operation: string,
    input: { WaitTimeSeconds?: number; QueueUrl?: string },
    options?: { abortSignal?: AbortSignal },
  ) => {
    const cloud = theCloud();
    const request = { service: 'sqs', operation, about: '', timeoutMs, signal: options?.abortSignal } as const;
    return cloud.network.open(request, (answer, isLeft) =>
      cloud.poll(input as Parameters<SqsApi['ReceiveMessage']>[0], answer, isLeft),
    );
  };
  return receive as unknown as Call<SqsApi>;
}

export function createTableCalls(settings: CallSettings, observe?: ObserveAnswer): Call<DynamoApi> {
  return callsOf({
    service: 'dynamodb',
    limits: LIMITS.table(settings),
    execute(operation, input, actor) {
      const { tables, witness } = theCloud();
      if (operation !== 'UpdateItem' || !actor) return executeOn(tables, operation, input);
      return witness.write(actor, input, () => executeOn(tables, operation, input));
    },
    about: ({ Key, UpdateExpression, ConditionExpression }: Record<string, unknown>) =>
      [
        Key &&
          Object.values(Key as Record<string, { S: string }>)
            .map(({ S }) => S.slice(-60))
            .join(' '),
        UpdateExpression && `${UpdateExpression}`.slice(0, 40),
        ConditionExpression ? 'if' : '',
      ]
        .filter(Boolean)
        .join(' '),
    observe,
  });
}

export function createStsCalls(settings: CallSettings): Call<StsApi> {
  return callsOf({
    service: 'sts',
    limits: LIMITS.sts(settings),
    execute: (operation, input) => executeOn(theCloud().roles, operation, input),
    about: ({ RoleArn }: { RoleArn?: string }) => RoleArn?.split('/').at(-1) ?? '',
  });
}

export function createGetObject(settings: CallSettings): GetObject {
  const { requestTimeoutMs: timeoutMs } = LIMITS.objects(settings);
  return async (request, open, signal) => {
    const about = `${request.key.slice(-40)} from ${request.start}`;
    const called = { service: 's3', operation: 'GetObject', about, timeoutMs, signal } as const;
    const { head, bytes } = await theCloud().network.call(called, () => theCloud().objects.get(request));
    open(head)(Buffer.from(bytes));
    return head;
  };
}

export function createS3Calls(settings: ClientPlace): Call<S3Api> {
  return callsOf({
    service: 's3',
    limits: LIMITS.objects(settings),
    execute(operation, input: { Bucket?: string; Key?: string; Body?: Buffer; IfNoneMatch?: string }) {
      if (operation !== 'PutObject') throw new Error(`the model has no ${operation}`);
      const { Bucket: bucket = '', Key: key = '', Body: body = Buffer.alloc(0), IfNoneMatch: ifNoneMatch } = input;
      return theCloud().objects.put({ bucket, key, body, ifNoneMatch });
    },
    about: ({ Key }: { Key?: string }) => Key?.slice(-60) ?? '',
  });
}

export function createTenantS3Calls(
  settings: ClientPlace,
): (region: string, credentials: Pick<SigningKeys, 'accessKeyId'>) => Call<S3Api> {
  return (region, { accessKeyId }) =>
    callsOf({
      service: 's3',
      limits: LIMITS.tenant(settings),
      place: { account: theCloud().roles.accountOf(accessKeyId), region },
      execute(operation, input: PutInput) {
        if (operation !== 'PutObject') throw new Error(`the model has no ${operation}`);
        return theCloud().tenantBuckets.PutObject(accessKeyId, input);
      },
      about: ({ Bucket, Key }: PutInput) => `${Bucket} ${Key?.slice(-60)}`,
    });
}

export function createKmsCalls(settings: CallSettings): Call<KmsApi> {
  return callsOf({
    service: 'kms',
    limits: LIMITS.sts(settings),
    execute: (operation, input) => executeOn(theCloud().keys, operation, input),
  });
}
