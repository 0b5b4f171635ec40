import type { IncomingHttpHeaders } from 'node:http';

/** A request, read to its end. Path and query are as they were sent: signatures are made over these bytes. */
export interface HttpRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Aborted when the client goes away before its answer. */
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces are sent as they are, one after the other. */
  readonly body: readonly Buffer[];
}

export function header(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body?: string | Buffer,
): HttpAnswer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { status, headers, body: bytes === undefined || bytes.length === 0 ? [] : [bytes] };
}
