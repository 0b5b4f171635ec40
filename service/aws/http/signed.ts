import type { ObserveAnswer } from '../api.ts';
import { type Connections, exchange, type Head, type HttpRequest, type Sink } from './exchange.ts';
import type { Identity } from './identity.ts';
import { createSigner, type SigningKeys } from './sigv4.ts';

/** AWS's time, as its answers tell it. */
export interface ServerClock {
  /** Epoch milliseconds. */
  nowMs(): number;
  /** @param date of an answer's header */
  note(date: string | undefined): void;
}

/** AWS refuses requests that are five minutes off (IAM user guide, troubleshooting signatures); the clock is corrected before that. */
const SKEW_MS = 4 * 60_000;

export function createServerClock(nowMs: () => number): ServerClock {
  let offsetMs = 0;
  return {
    nowMs: () => nowMs() + offsetMs,
    note(date) {
      const serverMs = Date.parse(date ?? '');
      if (Number.isNaN(serverMs)) return;
      if (Math.abs(serverMs - nowMs() - offsetMs) > SKEW_MS) offsetMs = serverMs - nowMs();
    },
  };
}

export interface UnsignedRequest
  extends Pick<HttpRequest, 'origin' | 'method' | 'headers' | 'body' | 'beforeLastByte'> {
  /** Encoded, without its query. */
  readonly path: string;
  /** Encoded, its names sorted. Default: none. */
  readonly query?: string;
}

/** Signs a request and sends it once. @throws as `exchange`, and what the identity throws */
export type SendSigned = (
  request: UnsignedRequest,
  receive: (head: Head) => Sink,
  signal: AbortSignal,
) => Promise<Head>;

export interface SignedDeps {
  /** As the signature names it. */
  readonly service: string;
  readonly region: string;
  readonly identity: Identity;
  readonly connections: Connections;
  readonly clock: ServerClock;
  readonly observe?: ObserveAnswer | undefined;
}

export function createSendSigned({ service, region, identity, connections, clock, observe }: SignedDeps): SendSigned {
  let signer: { readonly keys: SigningKeys; readonly sign: ReturnType<typeof createSigner> } | undefined;
  const signerOf = (keys: SigningKeys) => {
    if (signer?.keys !== keys) signer = { keys, sign: createSigner(keys, region, service) };
    return signer.sign;
  };
  return async ({ origin, method, path, query = '', headers, body, beforeLastByte }, receive, signal) => {
    signal.throwIfAborted();
    const sign = signerOf(await identity());
    const signed = sign({ method, path, query, headers: { host: origin.host, ...headers }, body }, clock.nowMs());
    const request = {
      origin,
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: signed,
      body,
      beforeLastByte,
    };
    const answered = observe?.();
    // A body may take minutes more, by which the time in its head would be late.
    const noteTime = (head: Head): Sink => {
      answered?.(head.headers.date);
      clock.note(head.headers.date);
      return receive(head);
    };
    return exchange(connections, request, noteTime, signal);
  };
}
