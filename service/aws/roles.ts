import type { AssumeRoleCommandInput } from '@aws-sdk/client-sts';
import { DistributorError } from '../base/errors.ts';
import { lruSet } from '../base/lru.ts';
import { SESSION_NAME_LENGTH_MAX, SESSION_TAG_VALUE_LENGTH_MAX } from '../core/limits.ts';
import type { Call, StsApi } from './api.ts';
import { type AwsFault, faultOf } from './fault.ts';
import { awsFailure } from './words.ts';

/** Whom to become, and what to say about it. */
export interface RoleRequest {
  readonly roleArn: string;
  readonly externalId: string | undefined;
  /** Session tags; the customer's trust policy can ask for them, their policies can use them. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/**
 * Credentials of assumed roles, cached for each role, external id and set of tags.
 *
 * A session is renewed in the background once a quarter of its life is left; callers wait only when there is none that
 * is valid. One call to STS at a time for each session. A failure is remembered for a moment, so that all who wait for a
 * role that is broken share it; how often such a role is tried at all is for others to say (`run/schedule/circuit-breakers.ts`). There are no
 * timers: a session that nobody asks for is never renewed.
 */
export interface RoleSessions {
  /** @throws DistributorError `role-refused` or `role-unavailable`, and what `admit` throws */
  credentials(request: RoleRequest, admit?: Admit): Promise<SessionCredentials>;
  /** Forgets credentials that a service refused; others that were issued meanwhile stay. */
  invalidate(request: RoleRequest, refused: SessionCredentials): void;
  /** Sessions that are valid now. */
  readonly cached: number;
}

/** Asked right before STS is called. What it throws is what the caller hears, and nobody else; STS is not called then. */
export type Admit = () => void;

export type AssumeOutcome = 'ok' | 'refused' | 'failed';

export interface RoleSessionsDeps {
  readonly sts: Call<StsApi>;
  /** A clock that never jumps, milliseconds. */
  readonly nowMs: () => number;
  /** Epoch milliseconds, as AWS's clock or at least this host has them. */
  readonly epochMs: () => number;
  /** Told of every call: for metrics. */
  readonly onAssume: (outcome: AssumeOutcome) => void;
  /** Sessions kept; the one not used for longest goes first. */
  readonly sessionsMax?: number;
}

/** Role chaining allows one hour at most (IAM user guide), and the task's own role makes every hop here chaining. */
const DURATION_SECONDS = 3_600;
/** AWS gives what is asked for. A session that seems shorter than this, or longer, is seen by a clock that is wrong. */
const LIFE_MS_MIN = 5 * 60_000;
/** The part of its life that is left when a session is renewed. */
const RENEW_LEFT = 1 / 4;
/** A request signed with credentials that end during its flight would fail. */
const USABLE_BEFORE_MS = 60_000;
/** Callers without credentials that come within this time of a failure share it. */
const REMEMBER_FAILURE_MS = 2_000;
/** A renewal that was refused is tried again after this, while the session lasts: three times in its last quarter hour. */
const RENEW_REFUSED_AFTER_MS = 300_000;
const SESSIONS_MAX = 10_000;

interface Session {
  credentials: SessionCredentials | undefined;
  endsAtMs: number;
  renewAtMs: number;
  pending: Promise<SessionCredentials> | undefined;
  failure: { readonly error: DistributorError; readonly atMs: number } | undefined;
}

export function createRoleSessions(deps: RoleSessionsDeps): RoleSessions {
  const sessions = new Map<string, Session>();
  const sessionsMax = deps.sessionsMax ?? SESSIONS_MAX;

  const sessionOf = (key: string): Session => {
    const session = sessions.get(key) ?? {
      credentials: undefined,
      endsAtMs: 0,
      renewAtMs: 0,
      pending: undefined,
      failure: undefined,
    };
    lruSet(sessions, key, session, sessionsMax);
    return session;
  };

  const renew = async (
    session: Session,
    request: RoleRequest,
    admit: Admit | undefined,
  ): Promise<SessionCredentials> => {
    if (session.pending) return session.pending;
    admit?.();
    const askedMs = deps.nowMs();
    session.pending = assume(deps, request)
      .then(
        (credentials) => {
          const lifeMs = lifeOf(credentials, deps.epochMs());
          session.credentials = credentials;
          session.endsAtMs = askedMs + lifeMs;
          // Of its own life, not of the hour that was asked for: a shorter one would be renewed with every call.
          session.renewAtMs = askedMs + lifeMs * (1 - RENEW_LEFT);
          session.failure = undefined;
          return credentials;
        },
        (error: unknown) => {
          const failure = toRoleError(request, error);
          session.failure = { error: failure, atMs: deps.nowMs() };
          throw failure;
        },
      )
      .finally(() => {
        session.pending = undefined;
      });
    return session.pending;
  };

  return {
    async credentials(request, admit) {
      const session = sessionOf(keyOf(request));
      const now = deps.nowMs();
      const leftMs = session.endsAtMs - now;
      const { failure } = session;
      const failedAgoMs = failure ? now - failure.atMs : Number.POSITIVE_INFINITY;
      if (session.credentials && leftMs > USABLE_BEFORE_MS) {
        const againMs = failure?.error.code === 'role-refused' ? RENEW_REFUSED_AFTER_MS : REMEMBER_FAILURE_MS;
        // In the background: its failure is remembered in the session, and these credentials still work.
        if (now > session.renewAtMs && failedAgoMs >= againMs) renew(session, request, admit).catch(() => {});
        return session.credentials;
      }
      if (failure && failedAgoMs < REMEMBER_FAILURE_MS) throw failure.error;
      return renew(session, request, admit);
    },
    invalidate(request, refused) {
      const session = sessions.get(keyOf(request));
      if (session?.credentials === refused) session.credentials = undefined;
    },
    get cached() {
      const now = deps.nowMs();
      let valid = 0;
      for (const { credentials, endsAtMs } of sessions.values()) if (credentials && endsAtMs > now) valid++;
      return valid;
    },
  };
}

/** How long a session lives from when it was asked for. */
function lifeOf({ expiration }: SessionCredentials, epochMs: number): number {
  const toldMs = expiration.getTime() - epochMs;
  const askedMs = DURATION_SECONDS * 1000;
  return toldMs >= LIFE_MS_MIN && toldMs <= askedMs ? toldMs : askedMs;
}

function keyOf(request: RoleRequest): string {
  return JSON.stringify([request.roleArn, request.externalId ?? null, Object.entries(request.tags).sort()]);
}

/** What STS is asked for. */
export function assumeRoleInput({ roleArn, externalId, tags }: RoleRequest): AssumeRoleCommandInput {
  return {
    RoleArn: roleArn,
    RoleSessionName: sessionName(tags.tenant_id ?? 'platform'),
    DurationSeconds: DURATION_SECONDS,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    Tags: Object.entries(tags).map(([Key, value]) => ({ Key, Value: tagValue(value) })),
  };
}

async function assume(deps: RoleSessionsDeps, request: RoleRequest): Promise<SessionCredentials> {
  try {
    const { Credentials } = await deps.sts('AssumeRole', assumeRoleInput(request));
    if (
      !Credentials?.AccessKeyId ||
      !Credentials.SecretAccessKey ||
      !Credentials.SessionToken ||
      !Credentials.Expiration
    ) {
      throw new Error('AssumeRole answered without credentials');
    }
    deps.onAssume('ok');
    return {
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
      expiration: Credentials.Expiration,
    };
  } catch (error) {
    deps.onAssume(isRefusal(error) ? 'refused' : 'failed');
    throw error;
  }
}

/** The customer's side must change something. Our own expired credentials (`credentials`) are not that. */
const REFUSALS: ReadonlySet<AwsFault> = new Set(['refused', 'invalid', 'missing']);

/** A DistributorError is another role's trouble: that of the first hop, with which this one would be assumed. */
function isRefusal(error: unknown): boolean {
  return !(error instanceof DistributorError) && REFUSALS.has(faultOf(error));
}

function toRoleError(request: RoleRequest, cause: unknown): DistributorError {
  const tenantId = request.tags.tenant_id;
  const what = `AssumeRole of ${request.roleArn} for ${tenantId ?? 'the platform'}`;
  if (cause instanceof DistributorError) {
    const { message, aws } = cause;
    return new DistributorError('role-unavailable', `${what} failed: ${message}`, { cause, aws });
  }
  const purpose = { kind: 'assume-role', tenantId } as const;
  return isRefusal(cause)
    ? awsFailure('role-refused', `${what} was refused`, cause, purpose)
    : awsFailure('role-unavailable', `${what} failed`, cause, purpose);
}

/** `\w+=,.@-`, 2 to 64 characters (STS API reference). Shown in the customer's CloudTrail. */
function sessionName(tenantId: string): string {
  return `log-distributor-${tenantId.replace(/[^\w+=,.@-]/g, '_')}`.slice(0, SESSION_NAME_LENGTH_MAX);
}

/** Tag values hold letters, digits, spaces and `_.:/=+-@`, at most 256 (STS API reference, Tag). */
function tagValue(value: string): string {
  const allowed = value.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, SESSION_TAG_VALUE_LENGTH_MAX);
  // The first half of a character whose second half was cut off.
  return allowed.replace(/\p{Cs}$/u, '');
}
