import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Call, S3Api } from '../../service/aws/api.ts';
import { createGetObject, createS3Calls } from '../../service/aws/calls.ts';
import type { GetObject } from '../../service/aws/get-object.ts';
import { placeOf } from './aws.ts';
import { type Received, startServer } from './server.ts';

/** What the n-th request meets instead of an answer as it should be. */
export type S3Fault =
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  /** Headers as promised, then fewer bytes and the end of the connection. */
  | { readonly kind: 'truncated'; readonly bytes: number }
  /** Headers as promised, some bytes, and silence. */
  | { readonly kind: 'stalled body'; readonly bytes: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset' }
  /** The whole object with status 200, as if no range had been asked for. */
  | { readonly kind: 'range ignored' }
  /** Another range than the one asked for. */
  | { readonly kind: 'shifted'; readonly by: number };

export interface S3Server {
  /** As the service makes them. */
  readonly calls: Call<S3Api>;
  readonly getObject: GetObject;
  readonly objects: Map<string, Buffer>;
  /** By the number of the request, from 1. */
  readonly faults: Map<number, S3Fault>;
  readonly received: readonly Received[];
  /** Method, path, Range and If-Match of every request. */
  requests(): (string | undefined)[][];
}

export const LAST_MODIFIED_MS = Date.UTC(2026, 0, 31, 12);

export function etagOf(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** GetObject and PutObject of S3 on the loopback, path style, with faults by number. */
export async function startS3(t: TestContext): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const faults = new Map<number, S3Fault>();
  const { url, received } = await startServer(t, (request, response, nth) => {
    const fault = faults.get(nth);
    const name = decodeURIComponent(new URL(request.path, 'http://s3').pathname.slice(1));
    const object = objects.get(name);
    if (fault?.kind === 'silent') return;
    if (fault?.kind === 'reset') response.destroy();
    else if (fault?.kind === 'error') fail(response, fault.status, fault.code);
    else if (request.method === 'PUT') {
      objects.set(name, request.body);
      response.setHeader('etag', `"${etagOf(request.body)}"`).end();
    } else if (object) get(request, response, object, fault);
    else fail(response, 404, 'NoSuchKey');
  });
  return {
    calls: createS3Calls(placeOf(url)),
    getObject: createGetObject(placeOf(url)),
    objects,
    faults,
    received,
    // Without the name of the operation, which the SDK adds to the query.
    requests: () =>
      received.map(({ method, path, headers }) => [
        method,
        path.replace(/[?&]x-id=\w+$/, ''),
        headers.range,
        headers['if-match'],
      ]),
  };
}

function get({ headers }: Received, response: ServerResponse, object: Buffer, fault: S3Fault | undefined): void {
  const eTag = `"${etagOf(object)}"`;
  if (headers['if-match'] !== undefined && headers['if-match'] !== eTag) {
    fail(response, 412, 'PreconditionFailed');
    return;
  }
  response.setHeader('etag', eTag).setHeader('last-modified', new Date(LAST_MODIFIED_MS).toUTCString());
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  if (!match || fault?.kind === 'range ignored') {
    response.setHeader('content-length', object.length).end(object);
    return;
  }
  const shift = fault?.kind === 'shifted' ? fault.by : 0;
  const start = Number(match[1]) + shift;
  const end = Math.min(object.length, Number(match[2]) + 1 + shift);
  if (start >= object.length) {
    fail(response, 416, 'InvalidRange');
    return;
  }
  const bytes = object.subarray(start, end);
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end - 1}/${object.length}`,
    'content-length': bytes.length,
  });
  if (fault?.kind === 'truncated') response.write(bytes.subarray(0, fault.bytes), () => response.destroy());
  else if (fault?.kind === 'stalled body') response.write(bytes.subarray(0, fault.bytes));
  else response.end(bytes);
}

function fail(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
