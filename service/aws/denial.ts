/** What a denial of AWS says of itself (IAM user guide, "Troubleshoot access denied error messages"). */
export interface Denial {
  /** `logs:PutLogEvents` */
  readonly action: string;
  /** ARN of what it was asked for. */
  readonly resource: string | undefined;
  /** The kind of policy that denies, or that does not allow; undefined where AWS keeps it to itself, as across accounts. */
  readonly policy: PolicyKind | undefined;
  /** A policy denies it; otherwise none allows it. */
  readonly explicit: boolean;
  /** Of the policy that denies, within one organization. */
  readonly policyArn: string | undefined;
}

const POLICY_KINDS = [
  'service control policy',
  'resource control policy',
  'permissions boundary',
  'VPC endpoint policy',
  'session policy',
  'role trust policy',
  'resource-based policy',
  'identity-based policy',
] as const;

export type PolicyKind = (typeof POLICY_KINDS)[number];

const ACTION = /is not authorized to perform:? ([a-z0-9-]+:[A-Za-z]+)/;
const RESOURCE = / on resource: "?(.+?)"?(?= because no | with an explicit deny |$)/;
const POLICY = new RegExp(
  `(with an explicit deny in|because no)(?: an?| the)? (${POLICY_KINDS.join('|')})(?:: (arn:\\S+))?`,
);

/**
 * Reads the sentence of a denial, for words of advice and for nothing else: what happens to a message depends on the code
 * of an error alone.
 * @returns undefined where AWS said no more than that access is denied
 */
export function readDenial(message: string): Denial | undefined {
  const action = ACTION.exec(message)?.[1];
  if (action === undefined) return undefined;
  const [, how, kind, policyArn] = POLICY.exec(message) ?? [];
  return {
    action,
    resource: RESOURCE.exec(message)?.[1],
    policy: POLICY_KINDS.find((name) => name === kind),
    explicit: how === 'with an explicit deny in',
    policyArn,
  };
}
