import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Call, S3Api } from '../aws/api.ts';
import { type RetryDeps, type RetryPolicy, withRetry } from '../aws/retry.ts';
import { awsFailure } from '../aws/words.ts';
import { type QuarantineLine, quarantineKey } from './file.ts';

/** Characters that are compressed at a time: the lines of a file may be all of a chunk, and only what they compress to is held. */
const PIECE_LENGTH = 64 * 1024;
const RETRY: RetryPolicy = { attemptsMax: 6, firstMs: 50, capMs: 3_000 };

export interface QuarantinePlace {
  readonly bucket: string;
  readonly tenantId: string;
  readonly reason: string;
  /** Names the place in the delivery whose lines these are: the same place overwrites its file, it never adds a second. */
  readonly place: string;
  /** The lines only say where their text is. */
  readonly index?: boolean;
}

export interface Quarantine {
  /**
   * Writes lines of one reason as gzip NDJSON under `<prefix>tenant_id=…/reason=…/`; they are safe when it returns.
   * @throws DistributorError `quarantine-unavailable`
   */
  write(place: QuarantinePlace, lines: Iterable<QuarantineLine>, signal: AbortSignal): Promise<void>;
}

export interface QuarantineDeps extends RetryDeps {
  readonly s3: Call<S3Api>;
  readonly prefix: string;
  /** Of each file but those of an index. */
  readonly onWrite: (reason: string) => void;
}

export function createQuarantine(deps: QuarantineDeps): Quarantine {
  return {
    async write({ bucket, tenantId, reason, place, index = false }, lines, signal) {
      const body = await compressLines(lines);
      const Key = quarantineKey(deps.prefix, { tenant: tenantId, reason, place });
      try {
        await withRetry(
          () =>
            deps.s3(
              'PutObject',
              { Bucket: bucket, Key, Body: body, ContentType: 'application/gzip' },
              { abortSignal: signal },
            ),
          RETRY,
          deps,
          signal,
        );
      } catch (cause) {
        if (signal.aborted) throw cause;
        const purpose = { kind: 'write-quarantine', bucket } as const;
        throw awsFailure('quarantine-unavailable', `s3://${bucket}/${Key} could not be written`, cause, purpose);
      }
      if (!index) deps.onWrite(reason);
    },
  };
}

/** gzip NDJSON. */
export function compressLines(lines: Iterable<QuarantineLine>): Promise<Buffer> {
  return pipeline(piecesOf(lines), createGzip(), buffer);
}

function* piecesOf(lines: Iterable<QuarantineLine>): Generator<string, void, undefined> {
  let piece = '';
  for (const line of lines) {
    piece += `${JSON.stringify(line)}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
