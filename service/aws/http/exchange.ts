import * as http from 'node:http';
import * as https from 'node:https';
import { bulkAgents } from './bulk-agents.ts';
import { ResettableHttpsAgent, resetConnection } from './resettable.ts';

/** One HTTP request and its answer, over node:http. Nothing here knows AWS. */

export interface Connections {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
  /** For requests that may have to be reset. Others keep what Node's own connections can: trying one address after another. */
  readonly resettableAgent?: https.Agent;
  readonly connectionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** What the request's timeout covers: the whole of the answer, or its head, where somebody else watches the body. */
  readonly timeoutCovers: 'answer' | 'head';
}

export interface ConnectionsOptions extends Pick<Connections, 'connectionTimeoutMs' | 'requestTimeoutMs'> {
  readonly socketsMax: number;
}

export function createConnections({ socketsMax, ...timeouts }: ConnectionsOptions): Connections {
  const options = { keepAlive: true, maxSockets: socketsMax };
  return {
    ...timeouts,
    httpAgent: new http.Agent(options),
    httpsAgent: new https.Agent(options),
    resettableAgent: new ResettableHttpsAgent(options),
    timeoutCovers: 'answer',
  };
}

/** For answers of megabytes, whose bodies their receiver watches. */
export function createBulkConnections({ socketsMax, ...timeouts }: ConnectionsOptions): Connections {
  return { ...timeouts, ...bulkAgents({ keepAlive: true, maxSockets: socketsMax }), timeoutCovers: 'head' };
}

export interface HttpRequest {
  readonly origin: URL;
  readonly method: 'GET' | 'POST';
  /** Encoded, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /**
   * Called when all of the body but its last byte has left the process: nobody can execute the request before it returns. What it throws
   * ends the exchange. Such a request that is given up is reset, so that the kernel does not send what is left of it afterwards.
   */
  readonly beforeLastByte?: (() => void) | undefined;
}

/** What comes before the body of an answer. */
export interface Head {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
}

/** Takes the pieces of a body as they arrive. A piece is good until the call returns. What it throws ends the exchange. */
export type Sink = (piece: Buffer) => void;

/**
 * Sends a request and hands the answer's body to what `receive` returns. The request's body must not change before this has settled; after
 * it was rejected a socket may still be sending it.
 * @throws what the network throws; a TimeoutError; an AbortError; an answer that breaks off is ECONNRESET
 */
export function exchange(
  connections: Connections,
  { origin, method, path, headers, body, beforeLastByte }: HttpRequest,
  receive: (head: Head) => Sink,
  signal: AbortSignal,
): Promise<Head> {
  const { promise, resolve, reject } = Promise.withResolvers<Head>();
  const { connectionTimeoutMs, requestTimeoutMs } = connections;
  const { protocol, hostname, port } = origin;
  const secure = protocol === 'https:';
  const request = secure ? https.request : http.request;
  const securely = (beforeLastByte && connections.resettableAgent) ?? connections.httpsAgent;
  const agent = secure ? securely : connections.httpAgent;
  // Node wants an IPv6 address without its brackets.
  const host = hostname.replace(/^\[|\]$/g, '');
  const sent = request({ protocol, hostname: host, port, path, method, headers, agent });
  const giveUp = (reason: unknown) => {
    // First: what is destroyed may say so at once.
    reject(reason);
    if (beforeLastByte && sent.socket) resetConnection(sent.socket);
    sent.destroy();
  };
  const onAbort = () => giveUp(new DOMException('the call was cancelled', 'AbortError'));
  signal.addEventListener('abort', onAbort, { once: true });
  const late = setTimeout(() => giveUp(timeout(`no answer within ${requestTimeoutMs} ms`)), requestTimeoutMs);
  let connecting: NodeJS.Timeout | undefined;

  sent.on('socket', (socket) => {
    if (!socket.connecting) return;
    const slow = () => giveUp(timeout(`no connection within ${connectionTimeoutMs} ms`));
    connecting = setTimeout(slow, connectionTimeoutMs);
    socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
  });
  sent.on('error', reject);
  // Whatever else ends it, such as an upgrade that nobody asked for.
  sent.on('close', () => reject(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })));
  sent.on('response', (response) => {
    if (connections.timeoutCovers === 'head') clearTimeout(late);
    const head = { status: response.statusCode ?? 0, headers: response.headers };
    const guarded = <T>(work: () => T): T | undefined => {
      try {
        return work();
      } catch (error) {
        giveUp(error);
        return undefined;
      }
    };
    const sink = guarded(() => receive(head));
    if (sink) response.on('data', (piece: Buffer) => guarded(() => sink(piece)));
    response.on('error', reject);
    // An answer that breaks off ends without this.
    response.on('end', () => {
      // An early answer: the socket would go on to send the body, whose memory the caller may use again.
      if (!sent.writableFinished) sent.destroy();
      resolve(head);
    });
  });
  if (beforeLastByte) {
    const last = Math.max(0, body.length - 1);
    sent.write(body.subarray(0, last), (error) => {
      if (error || sent.destroyed) return;
      try {
        beforeLastByte();
        sent.end(body.subarray(last));
      } catch (reason) {
        giveUp(reason);
      }
    });
  } else sent.end(body.length > 0 ? body : undefined);
  if (signal.aborted) onAbort();
  return promise.finally(() => {
    clearTimeout(late);
    clearTimeout(connecting);
    signal.removeEventListener('abort', onAbort);
  });
}

function timeout(message: string): Error {
  return new DOMException(message, 'TimeoutError');
}

/** Collects a text. @throws when it is longer than `bytesMax` */
export function createTextSink(bytesMax: number): { readonly sink: Sink; text(): string } {
  const pieces: Buffer[] = [];
  let length = 0;
  return {
    sink(piece) {
      length += piece.length;
      if (length > bytesMax) throw new Error(`an answer of more than ${bytesMax} bytes`);
      // Agents for bulk data read into the same memory again.
      pieces.push(Buffer.from(piece));
    },
    text: () => Buffer.concat(pieces).toString('utf8'),
  };
}
