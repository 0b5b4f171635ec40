import { AwsError } from '../http/aws-error.ts';

/** A body in chunks with a trailer behind them, as SDKs send it when they do not know its checksum beforehand. */
export interface Decoded {
  readonly body: Buffer;
  /** Names in lower case. */
  readonly trailers: ReadonlyMap<string, string>;
}

/**
 * Takes `aws-chunked` apart (S3 API reference, "Signature calculations: including trailing headers").
 * @param length of `x-amz-decoded-content-length`
 * @throws AwsError IncompleteBody
 */
export function decodeAwsChunked(encoded: Buffer, length: number): Decoded {
  const body = Buffer.allocUnsafe(length);
  let written = 0;
  let at = 0;
  for (;;) {
    const line = encoded.indexOf('\r\n', at);
    const size = line < 0 ? Number.NaN : Number.parseInt(encoded.toString('latin1', at, line).split(';')[0] ?? '', 16);
    if (Number.isNaN(size) || line + 2 + size > encoded.length || written + size > length) throw incomplete();
    at = line + 2;
    if (size === 0) break;
    written += encoded.copy(body, written, at, at + size);
    at += size + 2;
  }
  if (written !== length) throw incomplete();
  const trailers = new Map(
    encoded
      .toString('latin1', at)
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
  return { body, trailers };
}

function incomplete(): AwsError {
  return new AwsError('IncompleteBody', 'The request body terminated unexpectedly');
}
