import { AuthError } from '../http/aws-error.ts';
import { type HttpRequest, header } from '../http/message.ts';
import { type Authorization, checkBody, checkSignature, checkTime } from '../http/signature.ts';
import { type Accounts, isAccount, PLATFORM_ACCOUNT } from './accounts.ts';
import { type Caller, rootOf, sessionCaller } from './caller.ts';
import type { Sessions } from './sessions.ts';

export interface AuthenticateDeps {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
}

/**
 * The account that a key belongs to, before anything is verified: twelve digits are an account's own key, as on
 * LocalStack; `test` is the platform's. The keys of sessions are known from STS.
 */
export function accountOf({ sessions }: Pick<AuthenticateDeps, 'sessions'>, accessKeyId: string): string | undefined {
  if (isAccount(accessKeyId)) return accessKeyId;
  if (accessKeyId === 'test') return PLATFORM_ACCOUNT;
  return sessions.find(accessKeyId)?.role.account;
}

/**
 * Finds out who signed a request, and that nobody changed it since. The secrets of accounts' own keys are nobody's, so
 * their signatures are not checked; those of sessions are, to the letter.
 * @throws AuthError
 */
export function authenticate(
  deps: AuthenticateDeps,
  request: HttpRequest,
  authorization: Authorization,
  nowMs: number,
): Caller {
  const { accessKeyId } = authorization;
  const session = deps.sessions.find(accessKeyId);
  const account = accountOf(deps, accessKeyId);
  if (account === undefined) throw new AuthError('unknown-key', UNKNOWN);
  const stamp = checkTime(request, authorization, nowMs);
  const bodyHash = checkBody(request);
  if (!session) return rootOf(account);

  if (header(request, 'x-amz-security-token') !== session.token) throw new AuthError('bad-token', UNKNOWN);
  checkSignature(request, authorization, { secret: session.secretAccessKey, stamp, bodyHash });
  if (session.expiresMs <= nowMs)
    throw new AuthError('expired', 'The security token included in the request is expired');
  // A role that was deleted takes its sessions along, also when another one has its name now.
  const role = deps.accounts.role(session.role.account, session.role.name);
  if (role?.id !== session.role.id) throw new AuthError('bad-token', UNKNOWN);
  return sessionCaller(session, role);
}

const UNKNOWN = 'The security token included in the request is invalid.';
