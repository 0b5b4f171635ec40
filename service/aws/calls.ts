import { steadyMs } from '../base/clock.ts';
import { once } from '../base/once.ts';
import type { Settings } from '../base/settings.ts';
import type { Call, DynamoApi, KmsApi, ObserveAnswer, S3Api, SqsApi, StsApi } from './api.ts';
import type { GetObject } from './get-object.ts';
import { type Endpoint, findEndpoint, findUserAgent, type ServiceId } from './http/endpoint.ts';
import {
  type Connections,
  type ConnectionsOptions,
  createBulkConnections,
  createConnections,
} from './http/exchange.ts';
import { createGetObjectOverHttp, isPlainBucket } from './http/get-object.ts';
import { createOwnIdentity, type Identity } from './http/identity.ts';
import { createJsonCalls, DYNAMODB, KMS, SQS } from './http/json-calls.ts';
import type { CallPlace } from './http/post.ts';
import { createSendSigned, createServerClock } from './http/signed.ts';
import type { SigningKeys } from './http/sigv4.ts';
import { createStsOverHttp } from './http/sts-calls.ts';
import { type CallLimits, type ClientPlace, CONNECTION_TIMEOUT_MS, LIMITS } from './place.ts';
import type { RetryPolicy } from './retry.ts';
import { lazily } from './sdk/calls.ts';

/**
 * The calls that the service makes, each by its own way: those of every object over `http/`, which needs a third of the SDK's CPU and keeps
 * the SDK out of memory (docs/decisions/0009-calls-without-the-sdk.md); everything else by the SDK, loaded when it is first called. With
 * PLAIN_DECODER all go by the SDK.
 */

export type CallSettings = ClientPlace & Partial<Pick<Settings, 'plainDecoder'>>;

export function createQueueCalls(settings: CallSettings): Call<SqsApi> {
  return settings.plainDecoder
    ? lazily(() => import('./sdk/sqs.ts').then((sdk) => sdk.sqsCalls(sdk.createSqsClient(settings))))
    : queueOverHttp(settings, LIMITS.queue(settings));
}

export function createReceiveCalls(settings: CallSettings): Call<SqsApi> {
  return settings.plainDecoder
    ? lazily(() => import('./sdk/sqs.ts').then((sdk) => sdk.sqsCalls(sdk.createReceiveClient(settings))))
    : queueOverHttp(settings, LIMITS.receive(settings));
}

/** @param observe is told of every answer */
export function createTableCalls(settings: CallSettings, observe?: ObserveAnswer): Call<DynamoApi> {
  if (settings.plainDecoder)
    return lazily(() =>
      import('./sdk/dynamo.ts').then((sdk) => sdk.dynamoCalls(sdk.createDynamoClient(settings, observe))),
    );
  const { endpoint, ...place } = placeOf('dynamodb', settings, { ...LIMITS.table(settings), observe });
  const origin = async () => (await endpoint()).url;
  return createJsonCalls(DYNAMODB, { ...place, origin }, ...repeating(LIMITS.table(settings)));
}

/** Without the SDK in every case: two calls an hour are no reason for another client. @param settings with the region of the key */
export function createKmsCalls(settings: ClientPlace): Call<KmsApi> {
  const limits = LIMITS.sts(settings);
  const { endpoint, ...place } = placeOf('kms', settings, limits);
  return createJsonCalls(KMS, { ...place, origin: async () => (await endpoint()).url }, ...repeating(limits));
}

/** @param credentials with which roles are assumed. Default: those of the process */
export function createStsCalls(settings: CallSettings, credentials?: Identity): Call<StsApi> {
  if (settings.plainDecoder)
    return lazily(() => import('./sdk/sts.ts').then((sdk) => sdk.stsCalls(sdk.createStsClient(settings, credentials))));
  const { endpoint, ...place } = placeOf('sts', settings, { ...LIMITS.sts(settings), identity: credentials });
  const origin = async () => (await endpoint()).url;
  return createStsOverHttp({ ...place, origin }, ...repeating(LIMITS.sts(settings)));
}

/** Reads objects. Buckets that are not named by a plain name have addresses of their own kind, which the SDK makes. */
export function createGetObject(settings: CallSettings): GetObject {
  const bySdk = once(() => import('./sdk/s3.ts').then((sdk) => sdk.sdkGetObject(sdk.createS3Reader(settings))));
  const { s3ForcePathStyle: forcePathStyle } = settings;
  const place = placeOf('s3', settings, { ...LIMITS.objects(settings), connect: createBulkConnections });
  const overHttp = createGetObjectOverHttp({ ...place, forcePathStyle });
  return async (request, open, signal) => {
    const get = settings.plainDecoder || !isPlainBucket(request.bucket) ? await bySdk() : overHttp;
    return get(request, open, signal);
  };
}

/** Writes objects: rare calls, by the SDK. */
export function createS3Calls(settings: ClientPlace): Call<S3Api> {
  return lazily(() => import('./sdk/s3.ts').then((sdk) => sdk.s3Calls(sdk.createS3Client(settings))));
}

/** The same in tenants' accounts, for each session and region. */
export function createTenantS3Calls(settings: ClientPlace): (region: string, credentials: SigningKeys) => Call<S3Api> {
  const load = once(async () => {
    const sdk = await import('./sdk/s3.ts');
    const create = sdk.createTenantS3Clients(settings);
    return (region: string, credentials: SigningKeys) => sdk.s3Calls(create(region, credentials));
  });
  return (region, credentials) => lazily(async () => (await load())(region, credentials));
}

/** Waits between attempts: about as long in all as those of the SDK's standard mode. */
const WAITS = { firstMs: 100, throttledFirstMs: 500, capMs: 20_000 };

function repeating({ attemptsMax }: CallLimits): [RetryPolicy, { random: () => number }] {
  return [{ attemptsMax, ...WAITS }, { random: Math.random }];
}

/** A queue's URL says where it is, unless an endpoint is named. */
function queueOverHttp(settings: CallSettings, limits: CallLimits): Call<SqsApi> {
  const { endpoint, ...place } = placeOf('sqs', settings, limits);
  const origins = new Map<string, URL>();
  const origin = async (input: { readonly QueueUrl?: string }) => {
    const { url, isCustom } = await endpoint();
    if (isCustom || input.QueueUrl === undefined) return url;
    const known = origins.get(input.QueueUrl) ?? new URL(new URL(input.QueueUrl).origin);
    origins.set(input.QueueUrl, known);
    return known;
  };
  return createJsonCalls(SQS, { ...place, origin }, ...repeating(limits));
}

interface PlaceOptions extends CallLimits {
  /** Default: that of the process. */
  readonly identity?: Identity | undefined;
  readonly observe?: ObserveAnswer | undefined;
  readonly connect?: (options: ConnectionsOptions) => Connections;
}

function placeOf(
  service: ServiceId,
  settings: CallSettings,
  { identity, observe, connect = createConnections, ...limits }: PlaceOptions,
): Omit<CallPlace, 'origin'> & { readonly endpoint: () => Promise<Endpoint> } {
  return {
    endpoint: once(() => findEndpoint(service, settings)),
    userAgent: once(findUserAgent),
    send: createSendSigned({
      service,
      region: settings.region,
      identity: identity ?? createOwnIdentity(settings.region),
      connections: connect({ ...limits, connectionTimeoutMs: CONNECTION_TIMEOUT_MS }),
      clock: createServerClock(steadyMs),
      observe,
    }),
  };
}
