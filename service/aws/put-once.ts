import type { Call, S3Api } from './api.ts';
import { awsErrorName } from './fault.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from './retry.ts';

const RETRY: RetryPolicy = { attemptsMax: 3, firstMs: 100, capMs: 2_000 };
/** Somebody has written it, or is just writing it (S3 user guide, "How to prevent object overwrites with conditional writes"). */
const WRITTEN_BEFORE = new Set(['PreconditionFailed', 'ConditionalRequestConflict']);

/** Writes small NDJSON objects that only the first of several writers writes. */
export type PutOnce = (key: string, body: string, signal: AbortSignal) => Promise<'written' | 'exists'>;

export interface PutOnceDeps extends RetryDeps {
  readonly s3: Call<S3Api>;
  readonly bucket: string;
}

/** @returns a function that throws what S3 answers when the object can neither be written nor is there */
export function createPutOnce({ s3, bucket, ...deps }: PutOnceDeps): PutOnce {
  return async (key, body, signal) => {
    const input = { Bucket: bucket, Key: key, Body: body, ContentType: 'application/x-ndjson', IfNoneMatch: '*' };
    try {
      await withRetry(() => s3('PutObject', input, { abortSignal: signal }), RETRY, deps, signal);
      return 'written';
    } catch (error) {
      if (WRITTEN_BEFORE.has(awsErrorName(error))) return 'exists';
      throw error;
    }
  };
}
