import type { PutLogEventsCommandOutput } from '@aws-sdk/client-cloudwatch-logs';
import { releaseMemory } from '../base/release-memory.ts';
import { faultOf } from './fault.ts';
import type { GzipBody } from './gzip-body.ts';
import { createGzipSupport, type GzipSupport } from './gzip-support.ts';
import { type AwsError, errorOfJson } from './http/answer.ts';
import { createConnections, createTextSink } from './http/exchange.ts';
import { createSendSigned, createServerClock, type SendSigned } from './http/signed.ts';
import type { LogsSession } from './logs-session.ts';
import { withoutQuotations } from './quotations.ts';

/**
 * PutLogEvents with a ready-made body: one call, not repeated. By way of the SDK it costs half as much again, and more while that warms up
 * (docs/decisions/0005-put-without-the-sdk.md).
 *
 * The body must not change before the call has settled; after a failure it may still be on its way.
 * @param beforeExecution called when nobody can have executed the call yet, as late as the transport allows; what it throws ends the call
 * @returns what the service says of events that it refused, and of an entity
 * @throws what the network throws; a TimeoutError; an AwsError with AWS's own name for what is wrong
 */
export type PutEvents = (
  session: LogsSession,
  body: Buffer,
  signal: AbortSignal,
  beforeExecution?: () => void,
) => Promise<PutAnswer>;

export type PutAnswer = Pick<PutLogEventsCommandOutput, 'rejectedLogEventsInfo' | 'rejectedEntityInfo'>;

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

/** Answers are some hundred bytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;

export function createPutEvents(deps: PutEventsDeps): PutEvents {
  const connections = createConnections(deps);
  const clock = createServerClock(deps.nowMs);
  const senders = new WeakMap<LogsSession, SendSigned>();
  /** What is known of endpoints, by region: tenants name few of them. */
  const gzipSupports = new Map<string, GzipSupport>();

  const senderOf = (session: LogsSession): SendSigned => {
    const { region, credentials } = session;
    const create = () =>
      createSendSigned({ service: 'logs', region, identity: async () => credentials, connections, clock });
    const send = senders.get(session) ?? create();
    senders.set(session, send);
    return send;
  };

  const gzipSupportOf = ({ region }: LogsSession): GzipSupport => {
    const support = gzipSupports.get(region) ?? createGzipSupport((error) => deps.onGzipRefused(region, error));
    gzipSupports.set(region, support);
    return support;
  };

  const send = async (
    session: LogsSession,
    body: Buffer,
    encoding: BodyEncoding,
    signal: AbortSignal,
    beforeLastByte: (() => void) | undefined,
  ): Promise<PutAnswer> => {
    const { sink, text } = createTextSink(ANSWER_BYTES_MAX);
    const origin = await session.origin();
    const request = {
      origin,
      method: 'POST' as const,
      path: origin.pathname,
      headers: {
        'user-agent': await session.userAgent(),
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Logs_20140328.PutLogEvents',
        ...(encoding === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
      },
      body,
      beforeLastByte,
    };
    const head = await senderOf(session)(request, () => sink, signal);
    deps.onSent(encoding, body.length);
    if (head.status !== 200) throw withoutEvents(errorOfJson(head, text()));
    const { rejectedLogEventsInfo, rejectedEntityInfo } = JSON.parse(text() || '{}') as PutAnswer;
    return { rejectedLogEventsInfo, rejectedEntityInfo };
  };

  return async (session, body, signal, beforeExecution) => {
    const support = gzipSupportOf(session);
    const identity = () => send(session, body, 'identity', signal, beforeExecution);
    const compressed = support.isRefused ? undefined : deps.gzipBody?.(body);
    if (compressed === undefined) return identity();
    const gzip = async () => {
      const answer = await send(session, compressed, 'gzip', signal, beforeExecution);
      // Not after a failure, nor after a body that was accepted as it is in its place: a socket may still be sending it.
      releaseMemory(compressed);
      return answer;
    };
    return support.send(gzip, identity);
  };
}

/** AWS quotes events that it finds invalid. */
function withoutEvents(error: AwsError): AwsError {
  if (faultOf(error) === 'invalid') error.message = withoutQuotations(error.message);
  return error;
}
