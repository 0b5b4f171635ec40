import type { Settings } from '../base/settings.ts';

/** Where the service's calls go, and how long they may take. */
export type ClientPlace = Pick<Settings, 'region' | 'endpointUrl' | 's3ForcePathStyle' | 'requestTimeoutMs'>;

/**
 * Timeouts, attempts and sockets of each kind of call. All timeouts are set: node:http and the SDK wait for ever on a peer that accepts a
 * connection and says nothing.
 *
 * A drain must end within its grace (110 s) even where a peer is silent. In turn it waits for a put (one attempt, the request timeout),
 * for the ledger and for the queue (four attempts each), so these two get a shorter one.
 */
export interface CallLimits {
  readonly requestTimeoutMs: number;
  readonly attemptsMax: number;
  readonly socketsMax: number;
}

export const CONNECTION_TIMEOUT_MS = 5_000;
/** Tables answer in milliseconds, and a lease must survive a silent attempt. */
const TABLE_TIMEOUT_MS = 5_000;
const QUEUE_TIMEOUT_MS = 10_000;
/** AssumeRole may be repeated without harm, so that there is no reason to wait long for one answer. */
const STS_TIMEOUT_MS = 10_000;
/** A long poll is silent for 20 s by design. */
const LONG_POLL_MS = 20_000;
const LONG_POLL_SLACK_MS = 15_000;
/**
 * Sockets for calls into tenants' accounts: more than there are objects in a thread, so that those who wait for a silent
 * peer leave sockets to the others.
 */
const TENANT_SOCKETS = 256;

type Timeouts = Pick<ClientPlace, 'requestTimeoutMs'>;

export const LIMITS = {
  queue: ({ requestTimeoutMs }: Timeouts): CallLimits => ({
    requestTimeoutMs: Math.min(QUEUE_TIMEOUT_MS, requestTimeoutMs),
    attemptsMax: 4,
    socketsMax: 32,
  }),
  /** Long polls. The receive loop has a few under way, repeats them by itself, and must turn while the queue is silent. */
  receive: ({ requestTimeoutMs }: Timeouts): CallLimits => ({
    requestTimeoutMs: LONG_POLL_MS + Math.min(LONG_POLL_SLACK_MS, requestTimeoutMs),
    attemptsMax: 1,
    socketsMax: 8,
  }),
  table: ({ requestTimeoutMs }: Timeouts): CallLimits => ({
    requestTimeoutMs: Math.min(TABLE_TIMEOUT_MS, requestTimeoutMs),
    attemptsMax: 4,
    socketsMax: 64,
  }),
  /** Its callers retry by themselves, body included: the SDK's retry ends when the headers are there. */
  objects: ({ requestTimeoutMs }: Timeouts): CallLimits => ({ requestTimeoutMs, attemptsMax: 1, socketsMax: 128 }),
  sts: ({ requestTimeoutMs }: Timeouts): CallLimits => ({
    requestTimeoutMs: Math.min(STS_TIMEOUT_MS, requestTimeoutMs),
    attemptsMax: 3,
    socketsMax: TENANT_SOCKETS,
  }),
  /** Calls into tenants' accounts are repeated by whoever makes them, within their rate limits. */
  tenant: ({ requestTimeoutMs }: Timeouts): CallLimits => ({
    requestTimeoutMs,
    attemptsMax: 1,
    socketsMax: TENANT_SOCKETS,
  }),
} as const;
