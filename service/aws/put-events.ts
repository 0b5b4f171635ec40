import * as http from 'node:http';
import * as https from 'node:https';
import type { RejectedLogEventsInfo } from '@aws-sdk/client-cloudwatch-logs';
import { releaseMemory } from '../base/release-memory.ts';
import type { LogsSession } from './clients.ts';
import { faultOf } from './fault.ts';
import type { GzipBody } from './gzip-body.ts';
import { createGzipSupport, type GzipSupport } from './gzip-support.ts';
import { withoutQuotations } from './quotations.ts';
import { createSigner } from './sigv4.ts';

/**
 * PutLogEvents with a ready-made body: one call, not repeated. By way of the SDK it costs half as much again, and more while that warms up
 * (docs/decisions/0005-put-without-the-sdk.md); everything that is not this one hot call goes that way all the same.
 *
 * The body must not change before the call has settled; after a failure it may still be on its way.
 * @returns what the service says of events that it refused
 * @throws what the network throws; a TimeoutError; a LogsError with AWS's own name for what is wrong
 */
export type PutEvents = (
  session: LogsSession,
  body: Buffer,
  signal: AbortSignal,
) => Promise<RejectedLogEventsInfo | undefined>;

export interface PutEventsDeps {
  readonly nowMs: () => number;
  /** undefined: bodies are sent as they are. */
  readonly gzipBody: GzipBody | undefined;
  /** Of each call that an answer came for. */
  readonly onSent: (encoding: BodyEncoding, bytes: number) => void;
  /** An endpoint takes no compressed bodies, with its words for it; all others are sent as they are. Once for each region. */
  readonly onGzipRefused: (region: string, error: unknown) => void;
  readonly connectionTimeoutMs: number;
  /** For the whole of a call. */
  readonly requestTimeoutMs: number;
  readonly socketsMax: number;
}

export type BodyEncoding = 'gzip' | 'identity';

/** An answer that is no success, as the SDK would throw it: with AWS's name for it, and the status. */
class LogsError extends Error {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId?: string };

  constructor(name: string, message: string, { status, requestId }: Pick<Answer, 'status' | 'requestId'>) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode: status, ...(requestId === undefined ? {} : { requestId }) };
  }
}

/** Where calls in a region go. */
interface Endpoint {
  readonly url: URL;
  readonly userAgent: string;
  readonly agent: http.Agent;
  readonly request: typeof http.request;
  readonly gzip: GzipSupport;
}

type Sign = ReturnType<typeof createSigner>;

/** AWS refuses requests that are five minutes off (IAM user guide, troubleshooting signatures); the clock is corrected before that. */
const SKEW_MS = 4 * 60_000;
/** Answers are some hundred bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

export function createPutEvents(deps: PutEventsDeps): PutEvents {
  const options = { keepAlive: true, maxSockets: deps.socketsMax };
  const plain = { agent: new http.Agent(options), request: http.request };
  const secure = { agent: new https.Agent(options), request: https.request };
  /** By region: tenants name few of them. */
  const endpoints = new Map<string, Promise<Endpoint>>();
  const signers = new WeakMap<LogsSession, Sign>();
  /** What to add to our clock to have AWS's. */
  let clockOffsetMs = 0;

  /** As the SDK finds it out, so that what is set for it (endpoint, partition, application id) holds here too. */
  const findEndpoint = async (session: LogsSession): Promise<Endpoint> => {
    const { config } = session.client();
    const [endpoint, appId] = await Promise.all([config.endpoint?.(), config.userAgentAppId()]);
    const url = endpoint
      ? new URL(`${endpoint.protocol}//${endpoint.hostname}${endpoint.port ? `:${endpoint.port}` : ''}${endpoint.path}`)
      : config.endpointProvider({ Region: session.region }).url;
    // Who looks at calls in the tenant's account sees whose they are.
    const userAgent = appId ? `log-distributor app/${appId}` : 'log-distributor';
    const gzip = createGzipSupport((error) => deps.onGzipRefused(session.region, error));
    return { url, userAgent, gzip, ...(url.protocol === 'http:' ? plain : secure) };
  };

  const endpointOf = (session: LogsSession): Promise<Endpoint> => {
    const { region } = session;
    const known = endpoints.get(region);
    if (known) return known;
    const endpoint = findEndpoint(session);
    endpoints.set(region, endpoint);
    endpoint.catch(() => endpoints.delete(region));
    return endpoint;
  };

  const signerOf = (session: LogsSession): Sign => {
    const sign = signers.get(session) ?? createSigner(session.credentials, session.region, 'logs');
    signers.set(session, sign);
    return sign;
  };

  const noteClock = (date: string | undefined): void => {
    const serverMs = Date.parse(date ?? '');
    if (Number.isNaN(serverMs)) return;
    if (Math.abs(serverMs - deps.nowMs() - clockOffsetMs) > SKEW_MS) clockOffsetMs = serverMs - deps.nowMs();
  };

  const send = async (
    endpoint: Endpoint,
    session: LogsSession,
    body: Buffer,
    encoding: BodyEncoding,
    signal: AbortSignal,
  ): Promise<RejectedLogEventsInfo | undefined> => {
    signal.throwIfAborted();
    const headers = signerOf(session)(
      {
        method: 'POST',
        path: endpoint.url.pathname,
        headers: {
          host: endpoint.url.host,
          'user-agent': endpoint.userAgent,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'Logs_20140328.PutLogEvents',
          ...(encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
        },
        body,
      },
      deps.nowMs() + clockOffsetMs,
    );
    const answer = await exchange(endpoint, headers, body, signal, deps);
    deps.onSent(encoding, body.length);
    noteClock(answer.date);
    if (answer.status !== 200) throw toError(answer);
    const { rejectedLogEventsInfo } = JSON.parse(answer.text || '{}') as {
      rejectedLogEventsInfo?: RejectedLogEventsInfo;
    };
    return rejectedLogEventsInfo;
  };

  return async (session, body, signal) => {
    const endpoint = await endpointOf(session);
    const identity = () => send(endpoint, session, body, 'identity', signal);
    const compressed = endpoint.gzip.isRefused ? undefined : deps.gzipBody?.(body);
    if (compressed === undefined) return identity();
    const gzip = async () => {
      const refused = await send(endpoint, session, compressed, 'gzip', signal);
      // Not after a failure, nor after a body that was accepted as it is in its place: a socket may still be sending it.
      releaseMemory(compressed);
      return refused;
    };
    return endpoint.gzip.send(gzip, identity);
  };
}

interface Answer {
  readonly status: number;
  readonly date: string | undefined;
  readonly errorType: string | undefined;
  readonly requestId: string | undefined;
  readonly text: string;
}

function exchange(
  { url, agent, request }: Endpoint,
  headers: Record<string, string>,
  body: Buffer,
  signal: AbortSignal,
  { connectionTimeoutMs, requestTimeoutMs }: PutEventsDeps,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { protocol, hostname, port, pathname } = url;
  const sent = request({ protocol, hostname, port, path: pathname, method: 'POST', headers, agent });
  const giveUp = (reason: Error) => {
    sent.destroy();
    reject(reason);
  };
  const onAbort = () => giveUp(new DOMException('the call was cancelled', 'AbortError'));
  signal.addEventListener('abort', onAbort, { once: true });
  const late = setTimeout(() => giveUp(timeout(`no answer within ${requestTimeoutMs} ms`)), requestTimeoutMs);
  let connecting: NodeJS.Timeout | undefined;

  sent.on('socket', (socket) => {
    if (!socket.connecting) return;
    const slow = () => giveUp(timeout(`no connection within ${connectionTimeoutMs} ms`));
    connecting = setTimeout(slow, connectionTimeoutMs);
    socket.once(protocol === 'http:' ? 'connect' : 'secureConnect', () => clearTimeout(connecting));
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const pieces: Buffer[] = [];
    let length = 0;
    response.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > ANSWER_BYTES_MAX) giveUp(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`));
      else pieces.push(piece);
    });
    response.on('error', reject);
    // An answer that breaks off ends without this.
    response.on('end', () => {
      const { statusCode = 0, headers: answered } = response;
      const header = (name: string) => [answered[name]].flat()[0];
      resolve({
        status: statusCode,
        date: answered.date,
        errorType: header('x-amzn-errortype'),
        requestId: header('x-amzn-requestid'),
        text: Buffer.concat(pieces).toString('utf8'),
      });
    });
  });
  sent.end(body);
  return promise.finally(() => {
    clearTimeout(late);
    clearTimeout(connecting);
    signal.removeEventListener('abort', onAbort);
  });
}

function timeout(message: string): Error {
  return new DOMException(message, 'TimeoutError');
}

/** The name may stand in a header or in the body, behind a namespace and before an address. */
function toError(answer: Answer): LogsError {
  const { status, errorType, text } = answer;
  let said: {
    readonly __type?: unknown;
    readonly code?: unknown;
    readonly message?: unknown;
    readonly Message?: unknown;
  } = {};
  try {
    said = Object(JSON.parse(text));
  } catch {
    // A proxy's page, or nothing: the status has to do.
  }
  const type = [errorType, said.__type, said.code].find((one) => typeof one === 'string' && one !== '');
  const name = typeof type === 'string' ? type.split(':')[0]?.split('#').at(-1) : undefined;
  const message = [said.message, said.Message].find((one) => typeof one === 'string') ?? `HTTP ${status}`;
  const error = new LogsError(name || `HTTP ${status}`, String(message), answer);
  if (faultOf(error) === 'invalid') error.message = withoutQuotations(error.message);
  return error;
}
