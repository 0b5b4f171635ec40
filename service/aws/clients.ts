import { CloudWatchLogsClient, type CloudWatchLogsClientConfig } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Settings } from '../base/settings.ts';

/**
 * The SDK clients, made once for a thread. All timeouts are set: the SDK's default waits for ever on a peer that
 * accepts a connection and says nothing.
 */

type Place = Pick<Settings, 'region' | 'endpointUrl' | 's3ForcePathStyle'>;

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A long poll is silent for 20 s by design. */
const LONG_POLL_TIMEOUT_MS = 35_000;

function createHandler(socketsMax: number, requestTimeoutMs = REQUEST_TIMEOUT_MS): NodeHttpHandler {
  return new NodeHttpHandler({
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    // Without this the handler only logs a warning when the time is over.
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: true, maxSockets: socketsMax },
    httpsAgent: { keepAlive: true, maxSockets: socketsMax },
  });
}

function common(place: Place) {
  return {
    region: place.region,
    ...(place.endpointUrl === undefined ? {} : { endpoint: place.endpointUrl }),
    // Handlers of a command are composed once for a client instead of once for a call.
    cacheMiddleware: true,
  };
}

export function createSqsClient(place: Place): SQSClient {
  return new SQSClient({ ...common(place), maxAttempts: 4, requestHandler: createHandler(32, LONG_POLL_TIMEOUT_MS) });
}

export function createDynamoClient(place: Place): DynamoDBClient {
  return new DynamoDBClient({ ...common(place), maxAttempts: 4, requestHandler: createHandler(64) });
}

/** Its callers retry by themselves, body included: the SDK's retry ends when the headers are there. */
export function createS3Client(place: Place): S3Client {
  return new S3Client({ ...commonOfS3(place), requestHandler: createHandler(128) });
}

function commonOfS3(place: Place) {
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

export function createStsClient(place: Place, credentials?: STSClientConfig['credentials']): STSClient {
  return new STSClient({
    ...common(place),
    maxAttempts: 3,
    requestHandler: createHandler(16),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/**
 * Makes clients for destinations, one for each session and region. They share their sockets, so one of them must never
 * be destroyed: it is dropped, and the sockets stay for the others.
 */
export function createLogsClientFactory(
  place: Place,
): (region: string, credentials: NonNullable<CloudWatchLogsClientConfig['credentials']>) => CloudWatchLogsClient {
  const requestHandler = createHandler(256);
  return (region, credentials) =>
    new CloudWatchLogsClient({ ...common(place), region, credentials, requestHandler, maxAttempts: 1 });
}

/** The same for tenants' buckets. */
export function createS3ClientFactory(
  place: Place,
): (region: string, credentials: NonNullable<S3ClientConfig['credentials']>) => S3Client {
  const requestHandler = createHandler(64);
  return (region, credentials) => new S3Client({ ...commonOfS3(place), region, credentials, requestHandler });
}
