import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { DistributorError } from '../base/errors.ts';
import { awsErrorName } from './fault.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from './retry.ts';

const gzipAsync = promisify(gzip);
const RETRY: RetryPolicy = { attemptsMax: 6, firstMs: 50, capMs: 3_000 };

/** One record or event that is kept because it could not be delivered. */
export interface QuarantineLine {
  readonly object: string;
  readonly delivery: string;
  /** Ordinal of the record in the object, from 0. */
  readonly record: number;
  readonly reason: string;
  readonly detail: string;
  /** Epoch milliseconds; absent where the record has none that is valid. */
  readonly timestamp?: number;
  readonly message: string;
  /**
   * The bytes that the message was read from, where they are not UTF-8, so that it has U+FFFD in place of some: of text formats the
   * whole record's, of Parquet the message's.
   */
  readonly original_base64?: string;
}

export interface QuarantinePlace {
  readonly bucket: string;
  readonly tenantId: string;
  readonly reason: string;
  /** Names the place in the delivery whose lines these are: the same place overwrites its file, it never adds a second. */
  readonly place: string;
}

export interface Quarantine {
  /**
   * Writes lines of one reason as gzip NDJSON under `<prefix>tenant_id=…/reason=…/`; they are safe when it returns.
   * @throws DistributorError `quarantine-unavailable`
   */
  write(place: QuarantinePlace, lines: readonly QuarantineLine[], signal: AbortSignal): Promise<void>;
}

export interface QuarantineDeps extends RetryDeps {
  readonly s3: Pick<S3Client, 'send'>;
  readonly prefix: string;
  readonly onWrite: (reason: string) => void;
}

export function createQuarantine(deps: QuarantineDeps): Quarantine {
  return {
    async write({ bucket, tenantId, reason, place }, lines, signal) {
      const body = await gzipAsync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      const name = createHash('sha256').update(place).digest('hex').slice(0, 32);
      const Key = `${deps.prefix}tenant_id=${encodeURIComponent(tenantId)}/reason=${reason}/${name}.ndjson.gz`;
      try {
        await withRetry(
          () =>
            deps.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: body, ContentType: 'application/gzip' }), {
              abortSignal: signal,
            }),
          RETRY,
          deps,
          signal,
        );
      } catch (cause) {
        if (signal.aborted) throw cause;
        throw new DistributorError(
          'quarantine-unavailable',
          `s3://${bucket}/${Key} could not be written (${awsErrorName(cause)})`,
          { cause },
        );
      }
      deps.onWrite(reason);
    },
  };
}
