import type { Socket } from 'node:net';
import { releaseMemory } from '../../../service/base/release-memory.ts';

/**
 * The least of HTTP/1.1 that the AWS SDK needs of a server, straight on a socket. It costs 0.2 s of CPU for a gigabyte
 * of request bodies where node:http takes 0.46 and nginx 0.22 (README.md); on two cores the sink takes its share from what
 * it measures, so that is what counts. One request at a time on a connection, bodies with a length only.
 */

export interface RequestHead {
  readonly method: string;
  /** With its query, as it was sent. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What becomes of one request. */
export interface Exchange {
  take(piece: Buffer): void;
  /** A piece is done with once it is taken. */
  readonly keepsNothing?: boolean;
  /** The body is complete: the answer is due, by `reply`. */
  end(): void;
  /** The client left before it was answered. */
  leave?(): void;
}

/** @param reply sends the answer; undefined ends the connection instead */
export type Accept = (head: RequestHead, reply: (answer: Answer | undefined) => void) => Exchange;

/** The SDK's heads have about 1 kB; a session token may make them 3. */
const HEAD_BYTES_MAX = 64 * 1024;
const HEAD_END = '\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const REASONS: Readonly<Record<number, string>> = { 200: 'OK', 206: 'Partial Content', 404: 'Not Found' };

type State =
  | { readonly kind: 'head'; readonly bytes: Buffer }
  | { readonly kind: 'body'; readonly exchange: Exchange; left: number }
  | { readonly kind: 'answering'; readonly exchange: Exchange };

const AWAITING: State = { kind: 'head', bytes: Buffer.alloc(0) };

/** Makes the function that serves a connection. */
export function serveHttp(accept: Accept): (socket: Socket) => void {
  return (socket) => {
    let state: State = AWAITING;

    const reply = (answer: Answer | undefined) => {
      state = AWAITING;
      if (!answer) {
        socket.destroy();
        return;
      }
      socket.cork();
      socket.write(renderHead(answer), 'latin1');
      if (answer.body.length > 0) socket.write(answer.body);
      socket.uncork();
    };

    const begin = (bytes: Buffer, end: number): Buffer => {
      const head = parseHead(bytes.toString('latin1', 0, end));
      const left = Number(head.headers.get('content-length') ?? 0);
      if (!Number.isSafeInteger(left) || head.headers.has('transfer-encoding'))
        throw new Error('a body without a length');
      if (head.headers.get('expect')?.toLowerCase() === '100-continue') socket.write(CONTINUE);
      state = { kind: 'body', exchange: accept(head, reply), left };
      return bytes.subarray(end + HEAD_END.length);
    };

    /** Uses what has arrived as far as it goes. @returns what is left of it */
    const step = (piece: Buffer): Buffer => {
      switch (state.kind) {
        case 'head': {
          const bytes = state.bytes.length === 0 ? piece : Buffer.concat([state.bytes, piece]);
          const end = bytes.indexOf(HEAD_END);
          if (end >= 0) return begin(bytes, end);
          if (bytes.length > HEAD_BYTES_MAX) throw new Error('a head that does not end');
          state = { kind: 'head', bytes };
          return piece.subarray(piece.length);
        }
        case 'body': {
          const part = piece.length <= state.left ? piece : piece.subarray(0, state.left);
          const rest = piece.subarray(part.length);
          state.left -= part.length;
          const { exchange } = state;
          if (part.length > 0) exchange.take(part);
          // Left to the garbage collector, it takes as much CPU again (README.md).
          if (exchange.keepsNothing && rest.length === 0) releaseMemory(piece);
          if (state.left === 0) {
            state = { kind: 'answering', exchange };
            exchange.end();
          }
          return rest;
        }
        case 'answering':
          throw new Error('a request before the last one was answered');
      }
    };

    socket.setNoDelay(true);
    socket.on('data', (arrived: Buffer) => {
      try {
        let piece = arrived;
        // A request without a body ends with its head.
        while (piece.length > 0 || (state.kind === 'body' && state.left === 0)) piece = step(piece);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (state.kind !== 'head') state.exchange.leave?.();
    });
  };
}

function parseHead(text: string): RequestHead {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const headers = new Map<string, string>();
  const rawHeaders: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    headers.set(name.toLowerCase(), value);
    rawHeaders.push(name, value);
  }
  return { method, path, headers, rawHeaders };
}

function renderHead({ status, headers, body }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${lines.join('')}content-length: ${body.length}${HEAD_END}`;
}
