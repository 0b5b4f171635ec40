import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsError } from './aws-error.ts';
import type { HttpAnswer, HttpRequest } from './message.ts';

/** Between Node's sockets and what the gateway works with: whole requests in, answers out, with or without damage. */

/** Ours: a PUT of S3 may be 5 GB, but here it is held in memory. */
const BODY_BYTES_MAX = 1024 ** 3;

/**
 * Reads a request to its end, into one buffer.
 * @throws AwsError EntityTooLarge; any other error means that the client is gone
 */
export async function readRequest(request: IncomingMessage, signal: AbortSignal): Promise<HttpRequest> {
  const url = request.url ?? '/';
  const question = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    rawPath: question < 0 ? url : url.slice(0, question),
    rawQuery: question < 0 ? '' : url.slice(question + 1),
    headers: headersOf(request),
    body: await readBody(request),
    signal,
  };
}

/** A header that came several times has its values joined as signatures join them: Node would add a space. */
function headersOf({ headers, headersDistinct }: IncomingMessage): IncomingHttpHeaders {
  const repeated = Object.entries(headersDistinct).filter(
    ([name, values = []]) => values.length > 1 && headers[name] === values.join(', '),
  );
  return { ...headers, ...Object.fromEntries(repeated.map(([name, values]) => [name, values?.join(',')])) };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const arriving: AsyncIterable<Buffer> = request;
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced > BODY_BYTES_MAX) throw tooLarge();
  if (announced === 0 || (Number.isNaN(announced) && request.headers['transfer-encoding'] === undefined)) return EMPTY;
  if (Number.isInteger(announced)) {
    // Not from the pool: the body may be kept for as long as the cloud lives.
    const body = Buffer.allocUnsafeSlow(announced);
    let at = 0;
    for await (const piece of arriving) at += piece.copy(body, at);
    return body;
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of arriving) {
    size += piece.length;
    if (size > BODY_BYTES_MAX) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

const EMPTY = Buffer.alloc(0);

function tooLarge(): AwsError {
  return new AwsError('EntityTooLarge', `This emulation takes bodies up to ${BODY_BYTES_MAX} bytes`, 413);
}

/** How an answer's body is to be damaged. */
export interface Damage {
  readonly bytesPerSecond?: number | undefined;
  /** The connection is reset after so many bytes of the body. */
  readonly truncateAfter?: number | undefined;
}

export async function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
  { withBody, dateMs, damage }: { withBody: boolean; dateMs: number; damage: Damage | undefined },
): Promise<void> {
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  response.sendDate = false;
  response.writeHead(status, {
    date: new Date(dateMs).toUTCString(),
    // 204 and 304 have no body and no length.
    ...(status === 204 || status === 304 ? {} : { 'content-length': length }),
    ...headers,
  });
  if (!withBody) response.end();
  else if (damage) await writeDamaged(response, body, damage);
  else {
    for (const piece of body.slice(0, -1)) response.write(piece);
    response.end(body.at(-1));
  }
}

const STEP_MS = 50;

async function writeDamaged(response: ServerResponse, body: readonly Buffer[], damage: Damage): Promise<void> {
  const { bytesPerSecond, truncateAfter } = damage;
  const whole = Buffer.concat(body);
  const end = Math.min(whole.length, truncateAfter ?? whole.length);
  const step = bytesPerSecond === undefined ? end : Math.max(1, Math.ceil((bytesPerSecond * STEP_MS) / 1000));
  response.flushHeaders();
  for (let at = 0; at < end && !response.destroyed; at += step) {
    const piece = whole.subarray(at, Math.min(end, at + step));
    await new Promise<void>((resolve) => response.write(piece, () => resolve()));
    // A timer that must not keep a closing process alive.
    if (bytesPerSecond !== undefined && at + step < end) await delay(STEP_MS, undefined, { ref: false });
  }
  if (truncateAfter !== undefined && truncateAfter < whole.length) response.socket?.destroy();
  else response.end();
}
