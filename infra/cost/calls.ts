import { BATCH_BYTES_MAX } from '../../service/core/limits.ts';
import { LEDGER_WRITES_PER_OBJECT, QUEUE_CALLS_PER_OBJECT } from '../../service/core/usage.ts';
import { PRICES } from './prices.ts';
import { CHUNK_BYTES, READ_BYTES } from './workload.ts';

/**
 * What AWS bills for each call of the service, in US dollars, by the operation's name in the benchmark. CloudWatch Logs and STS bill
 * none: of PutLogEvents the tenant pays the bytes.
 */
export const CALL_PRICES: Readonly<Record<string, number>> = {
  GetObject: PRICES.s3Get.usd,
  HeadObject: PRICES.s3Get.usd,
  PutObject: PRICES.s3Put.usd,
  // LIST is in the price class of PUT.
  ListObjectsV2: PRICES.s3Put.usd,
  ListObjectVersions: PRICES.s3Put.usd,
  UpdateItem: PRICES.dynamoWrite.usd,
  PutItem: PRICES.dynamoWrite.usd,
  GetItem: PRICES.dynamoRead.usd,
  BatchGetItem: PRICES.dynamoRead.usd,
  Query: PRICES.dynamoRead.usd,
  ReceiveMessage: PRICES.sqsRequest.usd,
  DeleteMessage: PRICES.sqsRequest.usd,
  DeleteMessageBatch: PRICES.sqsRequest.usd,
  ChangeMessageVisibility: PRICES.sqsRequest.usd,
  ChangeMessageVisibilityBatch: PRICES.sqsRequest.usd,
  SendMessage: PRICES.sqsRequest.usd,
  SendMessageBatch: PRICES.sqsRequest.usd,
  GetQueueAttributes: PRICES.sqsRequest.usd,
  GetQueueUrl: PRICES.sqsRequest.usd,
  PutLogEvents: 0,
  CreateLogGroup: 0,
  CreateLogStream: 0,
  PutRetentionPolicy: 0,
  AssumeRole: 0,
  GetCallerIdentity: 0,
};

/** Calls for one object, by operation. */
export function callsOfObject(object: {
  readonly storedBytes: number;
  readonly messageBytes: number;
  readonly eventBytes: number;
}): Readonly<Record<string, number>> {
  return {
    GetObject: Math.max(1, object.storedBytes / READ_BYTES),
    // Every chunk but the last is a write of its own.
    UpdateItem: LEDGER_WRITES_PER_OBJECT + Math.max(0, object.messageBytes / CHUNK_BYTES - 1),
    ReceiveMessage: QUEUE_CALLS_PER_OBJECT / 2,
    DeleteMessageBatch: QUEUE_CALLS_PER_OBJECT / 2,
    PutLogEvents: Math.max(1, object.eventBytes / BATCH_BYTES_MAX),
  };
}

/**
 * US dollars of calls, by the service that bills them.
 * @throws Error for a call that has no price
 */
export function dollarsOfCalls(calls: Readonly<Record<string, number>>): number {
  return Object.entries(calls).reduce((sum, [operation, count]) => {
    const usd = CALL_PRICES[operation];
    if (usd === undefined) throw new Error(`${operation} has no price in infra/cost/calls.ts`);
    return sum + count * usd;
  }, 0);
}
