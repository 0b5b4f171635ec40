import { adviceOf } from '../../aws/advice.ts';
import type { Call, StsApi } from '../../aws/api.ts';
import { readDenial } from '../../aws/denial.ts';
import { awsErrorName, faultOf } from '../../aws/fault.ts';
import { assumeRoleInput, type RoleRequest, type SessionCredentials } from '../../aws/roles.ts';
import { saidBy } from '../../aws/words.ts';
import { answerOf } from '../../base/aws-answer.ts';
import type { Delivery } from '../../core/delivery.ts';
import { type Fix, notTested, type Step, timed, type Verdict } from '../../destination/step.ts';
import { assumeStatement, tagStatement } from './policies.ts';

/** Whom the role trusts: the distributor must get in, and nobody who knows less than it does. */

export interface TrustDeps {
  readonly sts: Call<StsApi>;
  /** The role that the trust policy must name. */
  readonly distributorArn: string;
  /** A text that nobody can have written into a policy. */
  readonly newSecret: () => string;
  readonly monotonicMs: () => number;
}

export interface TrustResult {
  readonly steps: readonly Step[];
  readonly session: Omit<SessionCredentials, 'expiration'> | undefined;
}

type Attempt =
  | { readonly kind: 'allowed'; readonly session: TrustResult['session'] }
  | { readonly kind: 'refused' | 'failed'; readonly error: unknown };

const STEPS = {
  assume: 'the role can be assumed',
  externalId: 'a wrong external id is refused',
  tag: 'a session without the tag tenant_id is refused',
  tenant: "another tenant's tag is refused",
} as const;

/** Tags as the service sends them; cluster and environment are ones that no policy can want in particular. */
const OTHER_TAGS = { cluster_id: 'verify', environment: 'verify' };

export async function checkTrust(deps: TrustDeps, delivery: Delivery): Promise<TrustResult> {
  const { roleArn, externalId, tenantId } = delivery;
  const tags = { tenant_id: tenantId, ...OTHER_TAGS };
  const own: RoleRequest = { roleArn, externalId, tags };
  const fix = fixOf(deps, delivery);
  let session: TrustResult['session'];

  const assume = await timed(STEPS.assume, deps.monotonicMs, async () => {
    const attempt = await attemptAs(deps, own);
    if (attempt.kind === 'allowed') {
      session = attempt.session;
      return { outcome: 'ok', detail: roleArn };
    }
    const { error } = attempt;
    if (attempt.kind === 'failed') {
      const detail = `AssumeRole failed. ${saidBy(error)}`;
      return { outcome: 'failed', detail, cause: 'STS or the network had trouble: repeat the command' };
    }
    const detail = `AssumeRole was refused. ${saidBy(error)}`;
    return { outcome: 'failed', detail, ...(await causeOf(deps, own, error, fix)) };
  });

  const mustRefuse = (step: string, request: RoleRequest, cause: string) =>
    timed(step, deps.monotonicMs, async (): Promise<Verdict> => {
      const attempt = await attemptAs(deps, request);
      // A role that refuses even the right session refuses this one for any reason.
      if (attempt.kind === 'refused' && !session) {
        return { outcome: 'not tested', detail: 'the role cannot be assumed, so its refusal says nothing' };
      }
      if (attempt.kind === 'refused') return { outcome: 'ok', detail: awsErrorName(attempt.error) };
      if (attempt.kind === 'failed')
        return { outcome: 'failed', detail: `AssumeRole failed. ${saidBy(attempt.error)}` };
      return { outcome: 'finding', detail: 'it was accepted', cause, fix: fix('assume') };
    });

  const steps = [
    assume,
    await mustRefuse(
      STEPS.externalId,
      { ...own, externalId: deps.newSecret() },
      'the trust policy does not require sts:ExternalId: another tenant could direct the distributor to this account',
    ),
    await mustRefuse(
      STEPS.tag,
      { ...own, tags: {} },
      "the trust policy does not ask for aws:RequestTag/tenant_id: a session that is nobody's can write here",
    ),
    await mustRefuse(
      STEPS.tenant,
      { ...own, tags: { ...tags, tenant_id: deps.newSecret() } },
      "the trust policy accepts any tenant_id: another tenant's session can write here",
    ),
  ];
  return { steps, session };
}

/** Where STS does not say why it refuses, what it would accept instead does. */
async function causeOf(
  deps: TrustDeps,
  own: RoleRequest,
  error: unknown,
  fix: (what: 'assume' | 'tag' | 'both') => Fix,
): Promise<Pick<Step, 'cause' | 'fix'>> {
  const { tenant_id = '' } = own.tags;
  const advice = adviceOf(error, { kind: 'assume-role', tenantId: undefined });
  const answer = answerOf(error);
  const isOfTrust =
    readDenial(answer?.message ?? '')?.policy !== 'identity-based policy' && answer?.code === 'AccessDenied';
  if (!isOfTrust && advice !== undefined) return { cause: advice };
  if ((await attemptAs(deps, { ...own, tags: { tenant_id } })).kind === 'allowed') {
    return {
      cause: 'sts:TagSession is allowed for the tag tenant_id only; the service also sends cluster_id and environment',
      fix: fix('tag'),
    };
  }
  if ((await attemptAs(deps, { ...own, tags: {} })).kind === 'allowed') {
    return { cause: 'the trust policy does not allow sts:TagSession for this tenant', fix: fix('tag') };
  }
  if ((await attemptAs(deps, { ...own, externalId: undefined })).kind === 'allowed') {
    return { cause: 'the trust policy refuses the external id, and accepts none', fix: fix('assume') };
  }
  return {
    cause: 'the role does not exist, or its trust policy names another principal, external id or tenant id',
    fix: fix('both'),
  };
}

function fixOf({ distributorArn }: TrustDeps, delivery: Delivery): (what: 'assume' | 'tag' | 'both') => Fix {
  const trusted = {
    tenantId: delivery.tenantId,
    externalId: "(external_id of the tenant's item)",
    distributorArn,
  };
  return (what) => ({
    advice: `the trust policy of ${delivery.roleArn} must contain this statement and allow nobody else`,
    statements: [
      ...(what === 'tag' ? [] : [assumeStatement(trusted)]),
      ...(what === 'assume' ? [] : [tagStatement(trusted)]),
    ],
  });
}

async function attemptAs({ sts }: TrustDeps, request: RoleRequest): Promise<Attempt> {
  try {
    const { Credentials } = await sts('AssumeRole', assumeRoleInput(request));
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken)
      return { kind: 'failed', error: new Error('no credentials in the answer') };
    return {
      kind: 'allowed',
      session: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    };
  } catch (error) {
    return { kind: faultOf(error) === 'refused' ? 'refused' : 'failed', error };
  }
}

/** The steps of a delivery whose item cannot be used. */
export function untestedTrust(why: string): Step[] {
  return Object.values(STEPS).map((step) => notTested(step, why));
}
