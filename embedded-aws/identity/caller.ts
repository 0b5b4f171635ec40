import type { Subject } from '../policy/evaluate.ts';
import type { Lookup } from '../policy/pattern.ts';
import type { Role } from './accounts.ts';
import type { Session } from './sessions.ts';

/** Who signed a request. */
export type Caller =
  | { readonly kind: 'root'; readonly account: string; readonly arn: string; readonly userId: string }
  | {
      readonly kind: 'session';
      readonly account: string;
      readonly arn: string;
      readonly userId: string;
      readonly session: Session;
      readonly role: Role;
    };

export function rootOf(account: string): Caller {
  return { kind: 'root', account, arn: `arn:aws:iam::${account}:root`, userId: account };
}

export function sessionCaller(session: Session, role: Role): Caller {
  const { name } = session;
  return {
    kind: 'session',
    account: role.account,
    arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${name}`,
    userId: `${role.id}:${name}`,
    session,
    role,
  };
}

/** The caller with the policies that hold for it now: a role's policies may change while its sessions live. */
export function subjectOf(caller: Caller): Subject {
  if (caller.kind === 'root') return caller;
  const { role, session } = caller;
  return {
    kind: 'session',
    account: caller.account,
    arn: caller.arn,
    roleArn: role.arn,
    identityPolicies: [...role.policies.values()].map(({ policy }) => policy),
    sessionPolicies: session.policy === undefined ? [] : [session.policy],
  };
}

export interface RequestContext {
  readonly caller: Caller;
  readonly region: string;
  readonly nowMs: number;
  /** Account of the resource that is asked for. */
  readonly resourceAccount: string;
  /** Keys of the service that is called, such as `sts:ExternalId`; names in lower case. */
  readonly keys?: ReadonlyMap<string, readonly string[]>;
}

/** The condition keys of a request (IAM user guide, "AWS global condition context keys"). */
export function lookupOf({ caller, region, nowMs, resourceAccount, keys }: RequestContext): Lookup {
  const single = (key: string): string | undefined => {
    switch (key) {
      case 'aws:principalarn':
        return caller.kind === 'root' ? caller.arn : caller.role.arn;
      case 'aws:principalaccount':
        return caller.account;
      case 'aws:principaltype':
        return caller.kind === 'root' ? 'Account' : 'AssumedRole';
      case 'aws:userid':
        return caller.userId;
      case 'aws:requestedregion':
        return region;
      case 'aws:resourceaccount':
        return resourceAccount;
      case 'aws:currenttime':
        return new Date(nowMs).toISOString();
      case 'aws:epochtime':
        return String(Math.floor(nowMs / 1000));
      case 'aws:sourceip':
        return '127.0.0.1';
      // This gateway stands for AWS's endpoints, which are reached over TLS.
      case 'aws:securetransport':
        return 'true';
      case 'aws:principalisawsservice':
      case 'aws:viaawsservice':
        return 'false';
      default:
        return key.startsWith('aws:principaltag/')
          ? principalTag(caller, key.slice('aws:principaltag/'.length))
          : undefined;
    }
  };
  return (key) => {
    const own = keys?.get(key);
    if (own) return own;
    const value = single(key);
    return value === undefined ? undefined : [value];
  };
}

/** Keys of tags are not case-sensitive in conditions; a session's tag hides the role's of the same key. */
function principalTag(caller: Caller, lowerKey: string): string | undefined {
  if (caller.kind === 'root') return undefined;
  for (const tags of [caller.session.tags, caller.role.tags]) {
    for (const [key, value] of tags) if (key.toLowerCase() === lowerKey) return value;
  }
  return undefined;
}
