import { setTimeout as delay } from 'node:timers/promises';
import { type AwsFault, awsErrorName, faultOf } from '../aws/fault.ts';
import type { Purpose } from '../aws/purpose.ts';
import type { RoleRequest, RoleSessions, SessionCredentials } from '../aws/roles.ts';
import { awsFailure } from '../aws/words.ts';
import { answerOf } from '../base/aws-answer.ts';
import { DistributorError, type ErrorCode } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { type BackoffLimits, nextBackoffMs } from '../core/backoff.ts';
import { type AwsService, placeKey, STS } from '../core/place.ts';
import type { CallWatch, WatchedCall } from './call-watch.ts';
import { type StopSignals, throwIfStopped, unlessStopped } from './destination.ts';
import type { RateLimitedCall, RateLimiter } from './rate-limiter.ts';

/** Calls into tenants' accounts: with their sessions, within their rate limits, and repeated as long as that can help. */

export interface AttemptDeps {
  readonly sessions: RoleSessions;
  /** Where roles are assumed. */
  readonly stsRegion: string;
  readonly rateLimiter: RateLimiter;
  readonly metrics: Pick<Metrics, 'throttles' | 'retries'>;
  /** A call that has been in trouble for so long is not repeated any more. */
  readonly patienceMs: number;
  readonly random: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

export interface TenantCall<T> {
  readonly service: AwsService;
  readonly role: RoleRequest;
  readonly region: string;
  readonly rateLimited: RateLimitedCall;
  readonly watch: CallWatch;
  /**
   * Asked before each attempt: a result that makes it unnecessary, or undefined. What it throws is the last word.
   * @param onLook to be called when that takes calls of its own: the attempt before waits for no answer meanwhile
   */
  readonly known?: (onLook: () => void) => Promise<T | undefined>;
  /** Makes an attempt when its turn has come: until then it waits for others, and not for an answer. Default: at once */
  readonly inTurn?: (attempt: () => Promise<T>) => Promise<T>;
  /** One attempt, by clients that do not retry by themselves. A DistributorError from it is the last word. */
  readonly attempt: (credentials: SessionCredentials) => Promise<T>;
}

const BACKOFF: BackoffLimits = { firstMs: 100, capMs: 5_000 };
/** With the cap above half a minute, if the patience is no shorter; what lasts longer is the queue's to wait for. */
const ATTEMPTS_MAX = 12;
/** Fresh credentials are tried this often when a service calls the ones in use expired or unknown. */
const RENEWALS_MAX = 2;

/**
 * @throws the last attempt's error, when repeating cannot help or has not helped; DistributorError from `rateLimiter`, from
 * `sessions` and as `throwIfStopped`
 */
export async function callTenant<T>(deps: AttemptDeps, call: TenantCall<T>, signals: StopSignals): Promise<T> {
  const place = { service: call.service, region: call.region };
  using watched = call.watch.begin(call.rateLimited.type, place, call.rateLimited.destination);
  const inTurn = call.inTurn ?? ((attempt) => attempt());
  let waitMs = BACKOFF.firstMs;
  let renewals = 0;
  let troubleSinceMs: number | undefined;
  for (let attempt = 1; ; attempt++) {
    throwIfStopped(signals);
    const known = await call.known?.(() => watched.suspended());
    if (known !== undefined) {
      watched.answered();
      return known;
    }
    const limitAnswered = await deps.rateLimiter.ready(call.rateLimited, signals);
    const credentials = await credentialsFor(deps, call, signals);
    call.watch.admit(place);
    let askedMs = deps.nowMs();
    try {
      const result = await inTurn(() => {
        askedMs = deps.nowMs();
        watched.asked();
        return call.attempt(credentials);
      });
      watched.answered();
      limitAnswered('accepted');
      return result;
    } catch (error) {
      signals.abort.throwIfAborted();
      if (error instanceof DistributorError) throw error;
      const fault = faultOf(error);
      noteAnswer(watched, fault, error);
      if (fault === 'throttle') {
        deps.metrics.throttles.inc({ service: call.service.id });
        limitAnswered('refused');
      }
      // A request that timed out has used the patience up by itself.
      troubleSinceMs = fault === 'transient' ? (troubleSinceMs ?? askedMs) : undefined;
      const patient = troubleSinceMs === undefined || deps.nowMs() - troubleSinceMs < deps.patienceMs;
      if (fault === 'credentials' && renewals < RENEWALS_MAX) {
        renewals++;
        deps.sessions.invalidate(call.role, credentials);
      } else if ((fault === 'throttle' || fault === 'transient') && attempt < ATTEMPTS_MAX && patient) {
        deps.metrics.retries.inc({ service: call.service.id, fault });
        // How long a throttled call waits is for the rate limiter to say.
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

async function credentialsFor<T>(
  deps: AttemptDeps,
  { role, rateLimited, watch }: TenantCall<T>,
  signals: StopSignals,
): Promise<SessionCredentials> {
  const sts = { service: STS, region: deps.stsRegion };
  // What is cached comes at once, so that only the shortest time counts here.
  using asking = watch.begin(rateLimited.type, sts, placeKey(sts));
  asking.asked();
  const credentials = await unlessStopped(
    deps.sessions.credentials(role, () => watch.admit(sts)),
    signals,
  );
  asking.answered();
  return credentials;
}

/** A refusal is an answer as good as any: somebody is there. */
function noteAnswer(watched: WatchedCall, fault: AwsFault, error: unknown): void {
  if (fault === 'transient' || fault === 'aborted') watched.failed(awsErrorName(error));
  else watched.answered();
}

/** What a destination says of itself when a call to it has failed for good. */
export interface FailureWords {
  /** Whose destination it is, and where. */
  readonly place: string;
  readonly service: AwsService;
  /** What it means that something is missing there. */
  readonly missing: string;
  readonly purpose: Purpose;
}

/** The last word on a call that `callTenant` gave up; a DistributorError stays what it is. */
export function toDestinationError(
  cause: unknown,
  { place, service, missing, purpose }: FailureWords,
): DistributorError {
  if (cause instanceof DistributorError) return cause;
  const as = (code: ErrorCode, words: string) => awsFailure(code, `${place}: ${words}`, cause, purpose);
  switch (faultOf(cause)) {
    case 'throttle':
      return as('destination-throttled', `${service.name} still throttles after ${ATTEMPTS_MAX} attempts`);
    case 'refused':
      return as('destination-refused', `${service.name} refuses the call`);
    case 'missing':
      return as('destination-refused', missing);
    case 'credentials':
      return as('destination-unavailable', `${service.name} refuses fresh credentials`);
    case 'invalid':
    case 'condition':
    case 'exists':
      return as('destination-rejects-request', `${service.name} rejected the request as invalid`);
    case 'transient':
    case 'aborted':
      return as(
        'destination-unavailable',
        answerOf(cause) ? `${service.name} has trouble` : `${service.name} does not answer`,
      );
  }
}

/** Waits, or until a stop. */
export function pause(ms: number, signals: StopSignals): Promise<void> {
  return delay(ms, undefined, { signal: AbortSignal.any([signals.drain, signals.abort]) }).catch(() => {});
}
