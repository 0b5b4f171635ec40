import { AwsError, DeniedError } from '../http/aws-error.ts';
import { type Policy, parsePolicy } from '../policy/document.ts';
import { evaluateTrust } from '../policy/evaluate.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { Accounts, Role } from './accounts.ts';
import { type Caller, lookupOf, sessionCaller, subjectOf } from './caller.ts';
import type { Session, Sessions } from './sessions.ts';

/** AssumeRole (STS API reference): what its parameters may be, whom a role trusts, what the session carries. */
export type AssumeRole = (request: AssumeRoleRequest, context: AssumeRoleContext) => AssumedRole;

export interface AssumeRoleRequest {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  readonly durationSeconds: number | undefined;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly transitiveTagKeys: readonly string[];
  readonly policy: string | undefined;
  readonly sourceIdentity: string | undefined;
}

export interface AssumeRoleContext {
  readonly caller: Caller;
  readonly region: string;
  readonly nowMs: number;
}

export interface AssumedRole {
  readonly session: Session;
  readonly caller: Caller;
  readonly packedPolicyPercent: number | undefined;
}

const DURATION_SECONDS_DEFAULT = 3600;
/** STS API reference, AssumeRole: "up to a maximum of one hour" when the caller is itself a role's session. */
const CHAINED_SECONDS_MAX = 3600;
/** Plain text of a session policy; STS's own limit on the packed form is not documented. */
const POLICY_CHARACTERS_MAX = 2048;

const NAME = /^[\w+=,.@-]*$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]*$/;
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function createAssumeRole({ accounts, sessions }: { accounts: Accounts; sessions: Sessions }): AssumeRole {
  return (request, context) => {
    validate(request);
    const { caller, nowMs } = context;
    const role = accounts.roleByArn(request.roleArn);
    const actions = ['sts:AssumeRole'];
    if (request.tags.length > 0 || request.transitiveTagKeys.length > 0) actions.push('sts:TagSession');
    if (request.sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity');
    // A role that does not exist is refused like one that trusts somebody else.
    for (const action of actions) authorize(action, role, request, context);
    if (!role) throw denied('sts:AssumeRole', request, caller, undefined);

    const seconds = durationSeconds(request, role, caller);
    const tags = sessionTags(request, caller);
    const inherited = caller.kind === 'session' ? caller.session.transitive : [];
    const session = sessions.create({
      role,
      name: request.sessionName,
      expiresMs: nowMs + seconds * 1000,
      tags,
      transitive: new Set([...inherited, ...request.transitiveTagKeys]),
      policy: sessionPolicy(request.policy),
    });
    const packed = (request.policy?.length ?? 0) + request.tags.join('').length;
    return {
      session,
      caller: sessionCaller(session, role),
      packedPolicyPercent: packed === 0 ? undefined : Math.ceil((packed * 100) / (2 * POLICY_CHARACTERS_MAX)),
    };
  };
}

/** @throws AwsError ValidationError with all that is wrong, as STS reports it */
function validate(request: AssumeRoleRequest): void {
  const problems: string[] = [];
  const check = (fits: boolean, path: string, value: string, rule: string) => {
    if (!fits) problems.push(`Value '${value}' at '${path}' failed to satisfy constraint: Member must ${rule}`);
  };
  const length = (text: string, least: number, most: number, path: string) => {
    check(text.length >= least, path, text, `have length greater than or equal to ${least}`);
    check(text.length <= most, path, text, `have length less than or equal to ${most}`);
  };
  const { roleArn, sessionName, externalId, durationSeconds: seconds, tags, transitiveTagKeys } = request;
  length(roleArn, 20, 2048, 'roleArn');
  length(sessionName, 2, 64, 'roleSessionName');
  check(NAME.test(sessionName), 'roleSessionName', sessionName, 'satisfy regular expression pattern: [\\w+=,.@-]*');
  if (externalId !== undefined) {
    length(externalId, 2, 1224, 'externalId');
    check(
      EXTERNAL_ID.test(externalId),
      'externalId',
      externalId,
      'satisfy regular expression pattern: [\\w+=,.@:\\/-]*',
    );
  }
  if (seconds !== undefined) {
    const text = String(seconds);
    check(
      Number.isInteger(seconds) && seconds >= 900,
      'durationSeconds',
      text,
      'have value greater than or equal to 900',
    );
    check(!(seconds > 43_200), 'durationSeconds', text, 'have value less than or equal to 43200');
  }
  check(tags.length <= 50, 'tags', '[...]', 'have length less than or equal to 50');
  check(transitiveTagKeys.length <= 50, 'transitiveTagKeys', '[...]', 'have length less than or equal to 50');
  for (const [i, [key, value]] of tags.entries()) {
    length(key, 1, 128, `tags.${i + 1}.member.key`);
    length(value, 0, 256, `tags.${i + 1}.member.value`);
    const pattern = 'satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*';
    check(TAG.test(key), `tags.${i + 1}.member.key`, key, pattern);
    check(TAG.test(value), `tags.${i + 1}.member.value`, value, pattern);
  }
  if (problems.length > 0) {
    const count = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected`;
    throw new AwsError('ValidationError', `${count}: ${problems.join('; ')}`);
  }
  if (!/^arn:aws:iam::\d{12}:role\/.+$/.test(roleArn)) throw new AwsError('ValidationError', `${roleArn} is invalid`);
}

function authorize(
  action: string,
  role: Role | undefined,
  request: AssumeRoleRequest,
  { caller, region, nowMs }: AssumeRoleContext,
): void {
  if (!role) throw denied(action, request, caller, undefined);
  const decision = evaluateTrust({
    subject: subjectOf(caller),
    action,
    resource: role.arn,
    resourceAccount: role.account,
    resourcePolicy: role.trust.policy,
    lookup: lookupOf({ caller, region, nowMs, resourceAccount: role.account, keys: conditionKeys(request) }),
  });
  if (!decision.allowed) throw denied(action, request, caller, decision.because);
}

function denied(action: string, request: AssumeRoleRequest, caller: Caller, because: string | undefined): DeniedError {
  const sentence = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${request.roleArn}`;
  return new DeniedError(because === undefined ? sentence : `${sentence} ${because}`);
}

function conditionKeys(request: AssumeRoleRequest): Map<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>([['sts:rolesessionname', [request.sessionName]]]);
  if (request.externalId !== undefined) keys.set('sts:externalid', [request.externalId]);
  if (request.sourceIdentity !== undefined) keys.set('sts:sourceidentity', [request.sourceIdentity]);
  for (const [key, value] of request.tags) keys.set(`aws:requesttag/${key.toLowerCase()}`, [value]);
  if (request.tags.length > 0)
    keys.set(
      'aws:tagkeys',
      request.tags.map(([key]) => key),
    );
  if (request.transitiveTagKeys.length > 0) keys.set('sts:transitivetagkeys', request.transitiveTagKeys);
  return keys;
}

function durationSeconds({ durationSeconds }: AssumeRoleRequest, role: Role, caller: Caller): number {
  const seconds = durationSeconds ?? DURATION_SECONDS_DEFAULT;
  if (caller.kind === 'session' && seconds > CHAINED_SECONDS_MAX) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds > role.maxSessionSeconds) {
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  return seconds;
}

/** The tags of the request and, when a session made it, that session's transitive ones, which nothing may override. */
function sessionTags(request: AssumeRoleRequest, caller: Caller): Map<string, string> {
  const tags = new Map<string, string>();
  const seen = new Set<string>();
  for (const [key, value] of request.tags) {
    if (seen.has(key.toLowerCase())) {
      throw new AwsError(
        'InvalidParameterValue',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      );
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw new AwsError('InvalidParameterValue', `The tag key ${key} begins with aws:, which is reserved.`);
    }
    seen.add(key.toLowerCase());
    tags.set(key, value);
  }
  for (const key of request.transitiveTagKeys) {
    if (!tags.has(key)) {
      throw new AwsError(
        'InvalidParameterValue',
        'The specified transitive tag key must be included in the requested tags.',
      );
    }
  }
  if (caller.kind === 'session') {
    for (const key of caller.session.transitive) {
      const value = caller.session.tags.get(key);
      if (seen.has(key.toLowerCase())) {
        throw new AwsError(
          'InvalidParameterValue',
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        );
      }
      if (value !== undefined) tags.set(key, value);
    }
  }
  return tags;
}

function sessionPolicy(text: string | undefined): Policy | undefined {
  if (text === undefined) return undefined;
  if (text.length > POLICY_CHARACTERS_MAX) {
    throw new AwsError(
      'PackedPolicyTooLarge',
      `The session policy is longer than ${POLICY_CHARACTERS_MAX} characters.`,
    );
  }
  try {
    return parsePolicy(text, 'identity');
  } catch (error) {
    if (error instanceof PolicyError) throw new AwsError('MalformedPolicyDocument', error.message);
    throw error;
  }
}
