import { CloudWatchLogsClient, GetLogEventsCommand, type OutputLogEvent } from '@aws-sdk/client-cloudwatch-logs';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { awsErrorName, faultOf } from '../../aws/fault.ts';
import { LIMITS } from '../../aws/place.ts';
import { createHandler } from '../../aws/sdk/common.ts';
import type { Throttle } from '../../aws/throttle.ts';
import { parseReceipt } from '../../core/receipt.ts';
import { RECEIPT_STREAM, type ReceiptPlace, receiptFolder } from '../../core/receipt-place.ts';
import { CommandError } from '../errors.ts';
import type { Context } from '../session.ts';

/** Reads what is in the customer's account, with whatever credentials run the command. */

/** A document that may be a receipt, and where it is. */
export interface FoundDocument {
  readonly name: string;
  readonly text: string;
}

export interface ReadDeps {
  readonly logs: Pick<CloudWatchLogsClient, 'send'>;
  readonly s3: Pick<S3Client, 'send'>;
  readonly throttle: Throttle;
  readonly signal: AbortSignal;
}

/** CloudWatch Logs throttles reads by account; the SDK repeats them so often. */
const ATTEMPTS_MAX = 10;

export function createLogsClient(context: Context, region: string): CloudWatchLogsClient {
  const { endpointUrl } = context.settings;
  return new CloudWatchLogsClient({
    region,
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    maxAttempts: ATTEMPTS_MAX,
    requestHandler: createHandler(LIMITS.tenant(context.settings)),
  });
}

interface Chain {
  readonly tenant: string;
  readonly delivery: string;
  /** Epoch milliseconds. */
  readonly fromMs: number;
}

/**
 * The documents of a chain that were written at or after a time, and the one before them. In a log group there may be those of other chains
 * too.
 */
export function readDocuments(
  deps: ReadDeps,
  place: ReceiptPlace,
  chain: Chain,
): AsyncGenerator<FoundDocument, void, undefined> {
  return place.kind === 'bucket'
    ? fromBucket(deps, place.bucket, receiptFolder(place.prefix, chain.tenant, chain.delivery), chain.fromMs)
    : fromLogGroup(deps, place.group, chain);
}

async function* fromBucket(
  { s3, signal }: ReadDeps,
  bucket: string,
  folder: string,
  fromMs: number,
): AsyncGenerator<FoundDocument, void, undefined> {
  const read = async (key: string): Promise<FoundDocument> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return { name: `s3://${bucket}/${key}`, text: (await Body?.transformToString('utf8')) ?? '' };
  };
  let before: string | undefined;
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken: token }), {
      abortSignal: signal,
    });
    for (const { Key, LastModified } of page.Contents ?? []) {
      if (Key === undefined) continue;
      if ((LastModified?.getTime() ?? 0) < fromMs) {
        before = Key;
        continue;
      }
      if (before !== undefined) yield read(before);
      before = undefined;
      yield read(Key);
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

async function* fromLogGroup(
  deps: ReadDeps,
  group: string,
  chain: Chain,
): AsyncGenerator<FoundDocument, void, undefined> {
  const toDocument = ({ message = '', timestamp = 0 }: OutputLogEvent): FoundDocument => ({
    name: `${group} ${RECEIPT_STREAM} at ${new Date(timestamp).toISOString()}`,
    text: message,
  });
  const before = await lastBefore(deps, group, chain);
  if (before) yield toDocument(before);
  const range = { group, stream: RECEIPT_STREAM, fromMs: chain.fromMs, toMs: Number.MAX_SAFE_INTEGER };
  for await (const page of readEvents(deps, range)) yield* page.map(toDocument);
}

/** The one before may be of any age: while its place refused, or the tenant was disabled, no receipt was written. */
async function lastBefore(
  deps: ReadDeps,
  group: string,
  { tenant, delivery, fromMs }: Chain,
): Promise<OutputLogEvent | undefined> {
  const range = { group, stream: RECEIPT_STREAM, fromMs: 0, toMs: fromMs };
  for await (const page of readEvents(deps, range, 'from the end')) {
    const found = page.findLast(({ message = '' }) => isOfChain(message, tenant, delivery));
    if (found) return found;
  }
  return undefined;
}

function isOfChain(text: string, tenant: string, delivery: string): boolean {
  try {
    const { receipt } = parseReceipt(text);
    return receipt.tenant === tenant && receipt.delivery === delivery;
  } catch {
    return false;
  }
}

export interface EventRange {
  readonly group: string;
  readonly stream: string;
  /** Epoch milliseconds, of timestamps: from, and before. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The events of a stream, page by page; a stream that is not there has none. Those of a page are in the order of time either way.
 * @throws CommandError for a group whose class this API does not read
 */
export async function* readEvents(
  { logs, throttle, signal }: Omit<ReadDeps, 's3'>,
  { group, stream, fromMs, toMs }: EventRange,
  direction: 'from the beginning' | 'from the end' = 'from the beginning',
): AsyncGenerator<readonly OutputLogEvent[], void, undefined> {
  const isForward = direction === 'from the beginning';
  let nextToken: string | undefined;
  for (;;) {
    await throttle.take(1);
    signal.throwIfAborted();
    const command = new GetLogEventsCommand({
      logGroupName: group,
      logStreamName: stream,
      startFromHead: isForward,
      startTime: fromMs,
      // Without an end where there is none: the API takes no number that large.
      ...(toMs === Number.MAX_SAFE_INTEGER ? {} : { endTime: toMs }),
      nextToken,
    });
    let page: Awaited<ReturnType<typeof send>>;
    try {
      page = await send(command);
    } catch (error) {
      if (faultOf(error) === 'missing') return;
      throw awsErrorName(error) === 'InvalidOperationException' ? otherClass(group, error) : error;
    }
    yield page.events ?? [];
    // The end is where the token does not move; a page may be empty before it.
    const token = isForward ? page.nextForwardToken : page.nextBackwardToken;
    if (token === nextToken || token === undefined) return;
    nextToken = token;
  }

  function send(command: GetLogEventsCommand) {
    return logs.send(command, { abortSignal: signal });
  }
}

function otherClass(group: string, cause: unknown): CommandError {
  return new CommandError(
    `${group} is not of the class STANDARD: CloudWatch Logs lets nobody read its events one by one, so they cannot be verified`,
    1,
    { cause },
  );
}
