import { setTimeout as delay } from 'node:timers/promises';
import { awsErrorName, faultOf } from '../aws/fault.ts';
import type { RoleRequest, RoleSessions, SessionCredentials } from '../aws/roles.ts';
import { DistributorError, type ErrorCode } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { type BackoffLimits, nextBackoffMs } from '../core/backoff.ts';
import { type StopSignals, throwIfStopped, unlessStopped } from './destination.ts';
import type { Pace, PacedCall } from './pace.ts';

/** Calls into tenants' accounts: with their sessions, at their pace, and repeated as long as that can help. */

export interface AttemptDeps {
  readonly sessions: RoleSessions;
  readonly pace: Pace;
  readonly metrics: Pick<Metrics, 'throttles' | 'retries'>;
  readonly random: () => number;
}

export interface TenantCall<T> {
  /** The service's short name, for metrics. */
  readonly service: 'logs' | 's3';
  readonly role: RoleRequest;
  readonly paced: PacedCall;
  /** One attempt, by clients that do not retry by themselves. A DistributorError from it is the last word. */
  readonly attempt: (credentials: SessionCredentials) => Promise<T>;
}

const BACKOFF: BackoffLimits = { firstMs: 100, capMs: 5_000 };
/** With the cap above, half a minute of trouble is sat out here; what lasts longer is the queue's to wait for. */
const ATTEMPTS_MAX = 12;
/** Fresh credentials are tried this often when a service calls the ones in use expired or unknown. */
const RENEWALS_MAX = 2;

/**
 * @throws the last attempt's error, when repeating cannot help or has not helped; DistributorError from `pace`, from
 * `sessions` and as `throwIfStopped`
 */
export async function callTenant<T>(deps: AttemptDeps, call: TenantCall<T>, signals: StopSignals): Promise<T> {
  let waitMs = BACKOFF.firstMs;
  let renewals = 0;
  for (let attempt = 1; ; attempt++) {
    throwIfStopped(signals);
    const answered = await deps.pace.ready(call.paced, signals);
    const credentials = await unlessStopped(deps.sessions.credentials(call.role), signals);
    try {
      const result = await call.attempt(credentials);
      answered('accepted');
      return result;
    } catch (error) {
      signals.abort.throwIfAborted();
      if (error instanceof DistributorError) throw error;
      const fault = faultOf(error);
      if (fault === 'throttle') {
        deps.metrics.throttles.inc({ service: call.service });
        answered('refused');
      }
      if (fault === 'credentials' && renewals < RENEWALS_MAX) {
        renewals++;
        deps.sessions.invalidate(call.role, credentials);
      } else if ((fault === 'throttle' || fault === 'transient') && attempt < ATTEMPTS_MAX) {
        deps.metrics.retries.inc({ service: call.service, fault });
        // How long a throttled call waits is for the pace to say.
        if (fault === 'transient') {
          waitMs = nextBackoffMs(waitMs, BACKOFF, deps.random);
          await pause(waitMs, signals);
        }
      } else {
        throw error;
      }
    }
  }
}

/** What a destination says of itself when a call to it has failed for good. */
export interface FailureWords {
  /** Whose destination it is, and where. */
  readonly place: string;
  /** The service, as people call it. */
  readonly service: string;
  /** What the role needs, and whatever else may be the reason. @param name of the error */
  readonly refused: (name: string) => string;
  readonly missing: (name: string) => string;
}

/** The last word on a call that `callTenant` gave up; a DistributorError stays what it is. */
export function toDestinationError(
  cause: unknown,
  { place, service, refused, missing }: FailureWords,
): DistributorError {
  if (cause instanceof DistributorError) return cause;
  const name = awsErrorName(cause);
  const as = (code: ErrorCode, words: string) => new DistributorError(code, `${place}: ${words}`, { cause });
  switch (faultOf(cause)) {
    case 'throttle':
      return as('destination-throttled', `${service} still throttles after ${ATTEMPTS_MAX} attempts`);
    case 'refused':
      return as('destination-refused', refused(name));
    case 'missing':
      return as('destination-refused', missing(name));
    case 'credentials':
      return as('destination-unavailable', `fresh credentials are refused (${name})`);
    case 'invalid':
    case 'condition':
    case 'exists':
      return as('destination-rejects-request', `${service} calls the request invalid (${name})`);
    case 'transient':
    case 'aborted':
      return as('destination-unavailable', `${service} does not answer (${name})`);
  }
}

/** Waits, or until a stop. */
export function pause(ms: number, signals: StopSignals): Promise<void> {
  return delay(ms, undefined, { signal: AbortSignal.any([signals.drain, signals.abort]) }).catch(() => {});
}
