import { holds } from './condition.ts';
import type { Policy, PrincipalPattern, Selection, Statement } from './document.ts';
import { type Lookup, matches } from './pattern.ts';

/** Who asks, as far as policies care. */
export type Subject =
  /** The account itself: its root user, or (here) anybody who signs with its twelve digits. */
  | { readonly kind: 'root'; readonly account: string; readonly arn: string }
  /** A session of a role. */
  | {
      readonly kind: 'session';
      readonly account: string;
      readonly arn: string;
      readonly roleArn: string;
      /** The role's policies, and the one that the session was made with. */
      readonly identityPolicies: readonly Policy[];
      readonly sessionPolicies: readonly Policy[];
    }
  /** A service that acts on its own, such as S3 when it publishes a notification. */
  | { readonly kind: 'service'; readonly name: string };

export interface Question {
  readonly subject: Subject;
  /** `logs:PutLogEvents` */
  readonly action: string;
  /** ARN; in trust policies the role's. */
  readonly resource: string;
  readonly resourceAccount: string;
  readonly resourcePolicy: Policy | undefined;
  readonly lookup: Lookup;
}

export type Decision =
  | { readonly allowed: true }
  /** `because` ends AWS's sentence "... is not authorized to perform ... on resource ...". */
  | { readonly allowed: false; readonly because: string };

/**
 * AWS's evaluation of one call (IAM user guide, "Policy evaluation logic"): an explicit deny wins; within an account the
 * identity's policies or the resource's allow; across accounts both must; a session's own policy only narrows.
 */
export function evaluate(question: Question): Decision {
  const { subject, resourcePolicy } = question;
  const policies = subject.kind === 'session' ? subject : { identityPolicies: [], sessionPolicies: [] };
  const byResource = resourcePolicy ? verdict([resourcePolicy], question) : 'silent';
  if (byResource === 'deny') return refused('with an explicit deny in a resource-based policy');
  const byIdentity = subject.kind === 'root' ? 'allow' : verdict(policies.identityPolicies, question);
  if (byIdentity === 'deny') return refused('with an explicit deny in an identity-based policy');
  const narrowed = policies.sessionPolicies.length > 0;
  const bySession = narrowed ? verdict(policies.sessionPolicies, question) : 'allow';
  if (bySession === 'deny') return refused('with an explicit deny in a session policy');

  const { action } = question;
  const noIdentity = refused(`because no identity-based policy allows the ${action} action`);
  const noSession = refused(`because no session policy allows the ${action} action`);
  const noResource = refused(`because no resource-based policy allows the ${action} action`);
  if (subject.kind === 'service') return byResource === 'allow' ? ALLOWED : noResource;
  if (subject.account !== question.resourceAccount) {
    if (byResource !== 'allow') return noResource;
    if (byIdentity !== 'allow') return noIdentity;
    return bySession === 'allow' ? ALLOWED : noSession;
  }
  // A resource that names the session, the role or everybody grants directly; one that names the account leaves the
  // decision to the identity's policies. A grant to the session itself is not narrowed by the session's policy.
  const grants = resourcePolicy ? grantsOf(resourcePolicy, question) : NO_GRANTS;
  if (grants.session) return ALLOWED;
  if (byIdentity !== 'allow' && !grants.principal) return noIdentity;
  return bySession === 'allow' ? ALLOWED : noSession;
}

const ALLOWED: Decision = { allowed: true };
const NO_GRANTS = { principal: false, session: false };

function refused(because: string): Decision {
  return { allowed: false, because };
}

/**
 * AssumeRole and TagSession: the trust policy must always allow; in the role's own account a caller that the policy
 * names needs nothing more, everybody else needs it in the own policies too (STS API reference, AssumeRole).
 */
export function evaluateTrust(question: Question & { readonly resourcePolicy: Policy }): Decision {
  const trusted = verdict([question.resourcePolicy], question);
  if (trusted === 'deny') return refused('with an explicit deny in a resource-based policy');
  if (trusted === 'silent') return refused(`because no resource-based policy allows the ${question.action} action`);
  return evaluate(question);
}

/** What a set of policies says of a question, the strongest word first. */
function verdict(policies: readonly Policy[], question: Question): 'deny' | 'allow' | 'silent' {
  let allowed = false;
  for (const { statements } of policies) {
    for (const statement of statements) {
      if (!applies(statement, question)) continue;
      if (statement.effect === 'Deny') return 'deny';
      allowed = true;
    }
  }
  return allowed ? 'allow' : 'silent';
}

function applies(statement: Statement, { subject, action, resource, lookup }: Question): boolean {
  if (statement.principals && !selects(statement.principals, (pattern) => isPrincipal(pattern, subject))) return false;
  if (!selects(statement.actions, (pattern) => matches(pattern, action, lookup, true))) return false;
  if (statement.resources && !selects(statement.resources, (pattern) => matches(pattern, resource, lookup)))
    return false;
  return statement.conditions.every((condition) => holds(condition, lookup));
}

function selects<T>({ not, items }: Selection<T>, fits: (item: T) => boolean): boolean {
  return not !== items.some(fits);
}

function isPrincipal({ type, value }: PrincipalPattern, subject: Subject): boolean {
  if (subject.kind === 'service') return type === 'Service' && value === subject.name;
  if (type !== 'AWS') return false;
  if (value === '*' || value === subject.account || value === subject.arn) return true;
  if (/^arn:[\w-]+:iam::\d{12}:root$/.test(value)) return value.split(':')[4] === subject.account;
  return subject.kind === 'session' && value === subject.roleArn;
}

/** Whether an Allow of a resource's policy names this very caller, more than its account. */
function grantsOf(policy: Policy, question: Question): { principal: boolean; session: boolean } {
  const { subject } = question;
  const named = { principal: false, session: false };
  if (subject.kind !== 'session') return named;
  for (const statement of policy.statements) {
    if (statement.effect !== 'Allow' || statement.principals?.not !== false || !applies(statement, question)) continue;
    for (const { type, value } of statement.principals.items) {
      if (type !== 'AWS') continue;
      if (value === subject.arn) named.session = true;
      if (value === '*' || value === subject.roleArn || value === subject.arn) named.principal = true;
    }
  }
  return named;
}
