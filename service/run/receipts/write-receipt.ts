import type { Call, S3Api } from '../../aws/api.ts';
import { awsErrorName, faultOf } from '../../aws/fault.ts';
import type { LogWriter } from '../../aws/log-writer.ts';
import type { LogsSession } from '../../aws/logs-session.ts';
import type { Purpose } from '../../aws/purpose.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from '../../aws/retry.ts';
import type { RoleSessions, SessionCredentials } from '../../aws/roles.ts';
import { explainFailure } from '../../aws/words.ts';
import { writeLogs } from '../../aws/write-logs.ts';
import { writeReceipts } from '../../aws/write-receipts.ts';
import { DistributorError } from '../../base/errors.ts';
import type { Delivery } from '../../core/delivery.ts';
import { formatReceiptPlace, RECEIPT_STREAM, type ReceiptPlace, receiptKey } from '../../core/receipt-place.ts';
import { createSessionClients, roleRequest } from '../../delivery/tenant-session.ts';
import { CLOUDWATCH } from '../../destination/cloudwatch/kind.ts';
import type { CloudWatchTarget } from '../../destination/cloudwatch/target.ts';
import type { DeliveryTo } from '../../destination/kind.ts';
import type { PendingReceipt } from '../../ledger/receipt-chains.ts';

/** A delivery whose tenant gets receipts. */
export type ReceiptDelivery = DeliveryTo<CloudWatchTarget & { readonly receipts: ReceiptPlace }>;

export function hasReceipts(delivery: Delivery): delivery is ReceiptDelivery {
  return delivery.target.receipts !== undefined && CLOUDWATCH.is(delivery.target);
}

/**
 * Writes a receipt into the tenant's account, with the role of the delivery. Writing the same one again changes nothing in a bucket; in a log
 * group it stands twice, which readers know.
 * @throws Error that says what was refused, and what helps
 */
export type WriteReceipt = (
  delivery: ReceiptDelivery,
  receipt: Pick<PendingReceipt, 'number' | 'hash' | 'document'>,
  signal: AbortSignal,
) => Promise<void>;

export interface WriteReceiptDeps extends RetryDeps {
  readonly sessions: RoleSessions;
  readonly createLogs: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => LogsSession;
  readonly createS3: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => Call<S3Api>;
  readonly createRoute: LogWriter['create'];
  /** AWS's clock, epoch milliseconds. */
  readonly awsNowMs: () => number;
}

const RETRY: RetryPolicy = { attemptsMax: 4, firstMs: 200, throttledFirstMs: 1_000, capMs: 5_000 };
/** A conditional write to a key that exists (S3 user guide, "How to prevent object overwrites with conditional writes"). */
const EXISTS = 'PreconditionFailed';

export function createWriteReceipt(deps: WriteReceiptDeps): WriteReceipt {
  const logsOf = createSessionClients(deps.createLogs);
  const s3Of = createSessionClients(deps.createS3);

  const toBucket = async (
    s3: Call<S3Api>,
    { bucket, prefix }: Extract<ReceiptPlace, { kind: 'bucket' }>,
    delivery: ReceiptDelivery,
    receipt: Parameters<WriteReceipt>[1],
    abortSignal: AbortSignal,
  ) => {
    const input = {
      Bucket: bucket,
      Key: receiptKey(prefix, delivery.tenantId, delivery.type, receipt),
      ExpectedBucketOwner: delivery.accountId,
      Body: receipt.document,
      ContentType: 'application/x-ndjson',
      IfNoneMatch: '*',
    };
    try {
      await s3('PutObject', input, { abortSignal });
    } catch (error) {
      // The name has the document's hash: an earlier try has written it.
      if (awsErrorName(error) !== EXISTS) throw error;
    }
  };

  const toLogGroup = async (
    logs: LogsSession,
    group: string,
    delivery: ReceiptDelivery,
    { document }: Parameters<WriteReceipt>[1],
    abortSignal: AbortSignal,
  ) => {
    const put = async () => {
      const { rejectedLogEventsInfo } = await logs.call(
        'PutLogEvents',
        {
          logGroupName: group,
          logStreamName: RECEIPT_STREAM,
          logEvents: [{ timestamp: deps.awsNowMs(), message: document }],
        },
        { abortSignal },
      );
      if (rejectedLogEventsInfo) throw new Error(`CloudWatch Logs did not store the receipt in ${group}`);
    };
    try {
      await put();
    } catch (error) {
      if (faultOf(error) !== 'missing') throw error;
      const { tenantId, accountId, region, target } = delivery;
      const { retentionDays, groupSettings: settings } = target;
      await deps.createRoute(logs, { tenantId, accountId, region, group, retentionDays, settings }, RECEIPT_STREAM);
      await put();
    }
  };

  return async (delivery, receipt, signal) => {
    const role = roleRequest(delivery, {});
    const { region, target } = delivery;
    const place = target.receipts;
    const attempt = async () => {
      const credentials = await deps.sessions.credentials(role);
      try {
        if (place.kind === 'bucket') await toBucket(s3Of(credentials, region), place, delivery, receipt, signal);
        else await toLogGroup(logsOf(credentials, region), place.group, delivery, receipt, signal);
      } catch (error) {
        if (faultOf(error) === 'credentials') deps.sessions.invalidate(role, credentials);
        throw error;
      }
    };
    try {
      await withRetry(attempt, RETRY, deps, signal);
    } catch (error) {
      if (signal.aborted || error instanceof DistributorError) throw error;
      const what = `receipt ${receipt.number} of ${delivery.tenantId}/${delivery.type} could not be written to ${formatReceiptPlace(place)}`;
      throw new Error(explainFailure(what, error, purposeOf(delivery)), { cause: error });
    }
  };
}

function purposeOf({ tenantId, region, target }: ReceiptDelivery): Purpose {
  const { receipts, groupSettings } = target;
  return receipts.kind === 'bucket' ? writeReceipts(region, receipts, tenantId) : writeLogs(region, { groupSettings });
}
