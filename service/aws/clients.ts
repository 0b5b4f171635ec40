import type { AgentOptions } from 'node:http';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Settings } from '../base/settings.ts';
import { bulkAgents } from './bulk-agents.ts';
import type { SigningKeys } from './sigv4.ts';

/**
 * The SDK clients, made once for a thread. All timeouts are set: the SDK's default waits for ever on a peer that
 * accepts a connection and says nothing.
 *
 * A drain must end within its grace (110 s) even where a peer is silent. In turn it waits for a put (one attempt, the
 * request timeout), for the ledger and for the queue (four attempts each), so these two get a shorter one.
 */

export type ClientPlace = Pick<Settings, 'region' | 'endpointUrl' | 's3ForcePathStyle' | 'requestTimeoutMs'>;

const CONNECTION_TIMEOUT_MS = 5_000;
/** Tables answer in milliseconds, and a lease must survive a silent attempt. */
const TABLE_TIMEOUT_MS = 5_000;
const QUEUE_TIMEOUT_MS = 10_000;
/** AssumeRole may be repeated without harm, so that there is no reason to wait long for one answer. */
const STS_TIMEOUT_MS = 10_000;
/**
 * Sockets for calls into tenants' accounts: more than there are objects in a thread, so that those who wait for a silent
 * peer leave sockets to the others.
 */
const TENANT_SOCKETS = 256;
/** A long poll is silent for 20 s by design. */
const LONG_POLL_MS = 20_000;
const LONG_POLL_SLACK_MS = 15_000;

function createHandler(
  socketsMax: number,
  timeoutMs: number,
  createAgents: typeof bulkAgents | typeof plainAgents = plainAgents,
): NodeHttpHandler {
  return new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: timeoutMs,
    // Without this the handler only logs a warning when the time is over.
    throwOnRequestTimeout: true,
    // The request's timeout ends with the headers of the answer; this one watches the body too.
    socketTimeout: timeoutMs,
    ...createAgents({ keepAlive: true, maxSockets: socketsMax }),
  });
}

function plainAgents(options: AgentOptions) {
  return { httpAgent: options, httpsAgent: options };
}

function common(place: ClientPlace) {
  return {
    region: place.region,
    ...(place.endpointUrl === undefined ? {} : { endpoint: place.endpointUrl }),
    // Handlers of a command are composed once for a client instead of once for a call.
    cacheMiddleware: true,
  };
}

export function createSqsClient(place: ClientPlace): SQSClient {
  const requestHandler = createHandler(32, Math.min(QUEUE_TIMEOUT_MS, place.requestTimeoutMs));
  return new SQSClient({ ...common(place), maxAttempts: 4, requestHandler });
}

/** For long polls. The receive loop has a few under way, repeats them by itself, and must turn while the queue is silent. */
export function createReceiveClient(place: ClientPlace): SQSClient {
  const requestHandler = createHandler(8, LONG_POLL_MS + Math.min(LONG_POLL_SLACK_MS, place.requestTimeoutMs));
  return new SQSClient({ ...common(place), maxAttempts: 1, requestHandler });
}

export function createDynamoClient(place: ClientPlace): DynamoDBClient {
  const requestHandler = createHandler(64, Math.min(TABLE_TIMEOUT_MS, place.requestTimeoutMs));
  return new DynamoDBClient({ ...common(place), maxAttempts: 4, requestHandler });
}

/** Its callers retry by themselves, body included: the SDK's retry ends when the headers are there. */
export function createS3Client(place: ClientPlace): S3Client {
  return new S3Client({ ...commonOfS3(place), requestHandler: createHandler(128, place.requestTimeoutMs) });
}

/** The same for reading objects. Not for putting them: with agents of one's own the SDK no longer waits for `100 Continue`. */
export function createS3Reader(place: ClientPlace): S3Client {
  return new S3Client({ ...commonOfS3(place), requestHandler: createHandler(128, place.requestTimeoutMs, bulkAgents) });
}

function commonOfS3(place: ClientPlace) {
  return {
    ...common(place),
    maxAttempts: 1,
    forcePathStyle: place.s3ForcePathStyle,
    // Ranges have no checksum to validate, and what is written is small or in parts whose ETags S3 compares: no need for
    // the trailer that some S3-compatible endpoints do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const;
}

export function createStsClient(place: ClientPlace, credentials?: STSClientConfig['credentials']): STSClient {
  return new STSClient({
    ...common(place),
    maxAttempts: 3,
    requestHandler: createHandler(TENANT_SOCKETS, Math.min(STS_TIMEOUT_MS, place.requestTimeoutMs)),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/** Connections for PutLogEvents, which does not go by way of the SDK. */
export function putConnections({ requestTimeoutMs }: Pick<ClientPlace, 'requestTimeoutMs'>) {
  return { connectionTimeoutMs: CONNECTION_TIMEOUT_MS, requestTimeoutMs, socketsMax: TENANT_SOCKETS };
}

/** CloudWatch Logs as one session sees it in one region. */
export interface LogsSession {
  readonly region: string;
  readonly credentials: SigningKeys;
  /**
   * For everything but the hot call. A new one each time, to be dropped after use: it weighs some 50 kB, and a thousand tenants
   * need theirs once. Clients share their sockets, so none of them must ever be destroyed.
   */
  client(): CloudWatchLogsClient;
}

export function createLogsSessionFactory(
  place: ClientPlace,
): (region: string, credentials: SigningKeys) => LogsSession {
  const requestHandler = createHandler(TENANT_SOCKETS, place.requestTimeoutMs);
  /** New clients inherit the clock offset; otherwise the first call of each would be refused. */
  let newest: CloudWatchLogsClient | undefined;
  return (region, credentials) => ({
    region,
    credentials,
    client() {
      const systemClockOffset = newest?.config.systemClockOffset ?? 0;
      const options = { ...common(place), region, credentials, requestHandler, maxAttempts: 1, systemClockOffset };
      newest = new CloudWatchLogsClient(options);
      return newest;
    },
  });
}

/** What a client of one session in one region is made with. */
export type TenantClientOptions = ReturnType<typeof common> & {
  readonly credentials: SigningKeys;
  readonly requestHandler: NodeHttpHandler;
  /** Calls into tenants' accounts are repeated by whoever makes them, within their rate limits. */
  readonly maxAttempts: 1;
};

/**
 * Makes clients of a service in tenants' accounts, one for each session and region. They share their sockets, so none must ever be
 * destroyed.
 */
export function createTenantClients<C>(
  place: ClientPlace,
  create: (options: TenantClientOptions) => C,
): (region: string, credentials: SigningKeys) => C {
  const requestHandler = createHandler(TENANT_SOCKETS, place.requestTimeoutMs);
  return (region, credentials) => create({ ...common(place), region, credentials, requestHandler, maxAttempts: 1 });
}

/** Clients of tenants' buckets. */
export function createS3ClientFactory(place: ClientPlace): (region: string, credentials: SigningKeys) => S3Client {
  return createTenantClients(place, (options) => new S3Client({ ...commonOfS3(place), ...options }));
}
