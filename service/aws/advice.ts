import { type AwsAnswer, answerOf } from '../base/aws-answer.ts';
import type { TableKeys } from '../core/tables.ts';
import { type Denial, readDenial } from './denial.ts';
import { faultOf } from './fault.ts';
import { type Purpose, partyOf } from './purpose.ts';

interface Circumstances {
  readonly answer: AwsAnswer;
  /** The sentence of a denial, where AWS said more than that access is denied. */
  readonly denial: Denial | undefined;
  readonly purpose: Purpose;
}

/**
 * What helps against a refusal, by its cause: the first that applies. Only words depend on what AWS wrote; what happens to a
 * message depends on the error's code.
 */
const ADVICE: readonly ((circumstances: Circumstances) => string | undefined)[] = [
  otherRegion,
  unusableKey,
  explicitDeny,
  keyOfDestination,
  deniedKey,
  deniedTags,
  deniedRole,
  missingPermission,
  inactiveSts,
  customerKey,
  archivedObject,
  otherSchema,
  missingPlace,
  destinationAdvice,
  unexplained,
];

/** @returns sentences; undefined where nobody can do anything, as when AWS has trouble or does not answer */
export function adviceOf(cause: unknown, purpose: Purpose): string | undefined {
  const answer = answerOf(cause);
  if (!answer) return undefined;
  const circumstances = { answer, denial: readDenial(answer.message), purpose };
  for (const advise of ADVICE) {
    const advice = advise(circumstances);
    if (advice !== undefined) return advice;
  }
  switch (faultOf(cause)) {
    case 'refused':
      return partyOf(purpose).needs;
    case 'credentials':
      return partyOf(purpose).caller === 'the task role' ? 'Look at the task role and its credentials.' : undefined;
    default:
      return undefined;
  }
}

/** S3 API reference, "Error responses": status 301 with a name for it, or 400 for what was signed for the wrong region. */
const OTHER_REGION = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'HTTP 301',
]);

/** Whether S3 says that the bucket is elsewhere. */
export function isOtherRegion({ code }: AwsAnswer): boolean {
  return OTHER_REGION.has(code);
}

function otherRegion({ answer, purpose }: Circumstances): string | undefined {
  if (!isOtherRegion(answer)) return undefined;
  if (purpose.kind !== 'read-object' && purpose.kind !== 'write-quarantine') return undefined;
  const region = answer.bucketRegion ?? 'another region';
  return `The bucket ${purpose.bucket} is in ${region}; the service uses buckets in its own region only (AWS_REGION). Run it in the region of the bucket, or have the objects written to a bucket in its region.`;
}

/** What is wrong with a key, by the part of the name behind `KMS.` (KMS API reference, "Common errors"). */
const KEY_STATES: Readonly<Record<string, string>> = {
  DisabledException: 'is disabled. Enable it',
  KMSInvalidStateException:
    'cannot be used in its state, as when it is to be deleted. Cancel its deletion and enable it',
  NotFoundException: 'does not exist. Restore its alias, or write with another key',
  InvalidKeyUsageException: 'is not for encryption. Use another key',
};

function unusableKey({ answer, purpose }: Circumstances): string | undefined {
  const state = KEY_STATES[/^KMS\.(\w+)$/.exec(answer.code)?.[1] ?? ''];
  if (state === undefined) return undefined;
  const { caller, thing } = partyOf(purpose);
  const whose = caller === 'the task role' ? '' : "; the key is the customer's";
  return `The KMS key that encrypts ${thing} ${state}${whose}.`;
}

function explicitDeny({ denial, purpose }: Circumstances): string | undefined {
  if (!denial?.explicit || denial.policy === undefined) return undefined;
  const { caller, organization, thing } = partyOf(purpose);
  const { action, policy } = denial;
  const named = denial.policyArn === undefined ? '' : ` (${denial.policyArn})`;
  switch (policy) {
    case 'service control policy':
    case 'resource control policy':
      return `A ${policy} of ${organization} denies ${action}${named}, and no permission of ${caller} can override it. The administrator of that organization must exempt the role.`;
    case 'identity-based policy':
      return `A policy of ${caller} denies ${action}${named}. Remove that Deny; an Allow elsewhere does not override it.`;
    case 'permissions boundary':
      return `The permissions boundary of ${caller} denies ${action}${named}. Remove that Deny; an Allow elsewhere does not override it.`;
    case 'VPC endpoint policy':
      return `The policy of the VPC endpoint through which the service calls denies ${action}${named}. Remove that Deny.`;
    default:
      return `The policy of ${thing} denies ${action}${named}. Remove that Deny; an Allow elsewhere does not override it.`;
  }
}

/** Where the destination itself uses the key, it is not the caller who lacks a permission. */
function keyOfDestination({ answer, denial, purpose }: Circumstances): string | undefined {
  if (purpose.kind !== 'write-destination' || !NO_KEY.test(answer.message)) return undefined;
  return purpose.advise(answer, denial !== undefined);
}

/** KMS's words from before denials named the action, which S3 still passes on. */
const NO_KEY = /customer master key that does not exist|KMS key .*(?:does not exist|not allowed)/;
const KEY_CODES = new Set(['KMSAccessDeniedException', 'KMS.AccessDeniedException', 'KmsAccessDenied']);

function deniedKey({ answer, denial, purpose }: Circumstances): string | undefined {
  const denied = denial?.action.startsWith('kms:') ? denial : undefined;
  if (!denied && !KEY_CODES.has(answer.code) && !NO_KEY.test(answer.message)) return undefined;
  const { caller, thing } = partyOf(purpose);
  const action = denied?.action ?? 'its use';
  const key = denied?.resource ?? 'the key';
  const where =
    denied?.policy === 'identity-based policy'
      ? `in the policies of ${caller}, for ${key}`
      : denied?.policy === 'resource-based policy'
        ? `in the policy of ${key}`
        : `in the policy of ${key}, and in those of ${caller} where the key belongs to another account`;
  const does = purpose.kind === 'sign-receipts' ? 'signs' : 'encrypts';
  return `${capital(caller)} may not use the KMS key that ${does} ${thing}. Allow ${action} ${where}.`;
}

function deniedTags({ denial, purpose }: Circumstances): string | undefined {
  if (denial?.action !== 'sts:TagSession') return undefined;
  return denial.policy === 'identity-based policy'
    ? 'The policies of the task role do not allow sts:TagSession on this role. Add it beside sts:AssumeRole.'
    : `The trust policy of the role does not allow sts:TagSession with the tags tenant_id, cluster_id and environment. Add it beside sts:AssumeRole.${verifyHint(purpose)}`;
}

function deniedRole({ denial, purpose }: Circumstances): string | undefined {
  if (denial?.action !== 'sts:AssumeRole') return undefined;
  if (denial.policy === 'identity-based policy') {
    return 'The policies of the task role do not allow sts:AssumeRole on this role. The policy that is deployed with the service allows roles whose names begin with LogDistribution.';
  }
  return `Either the role does not exist, or its trust policy does not name the distributor, the external_id of the tenant's item or its tenant_id; AWS does not tell these apart.${verifyHint(purpose)}`;
}

function verifyHint(purpose: Purpose): string {
  if (purpose.kind !== 'assume-role' || purpose.tenantId === undefined) return '';
  return ` \`log-distributor tenants verify ${purpose.tenantId}\` prints the required trust policy.`;
}

function missingPermission({ denial, purpose }: Circumstances): string | undefined {
  if (!denial?.policy) return undefined;
  const { caller, organization, thing, needs } = partyOf(purpose);
  const { action } = denial;
  switch (denial.policy) {
    case 'identity-based policy':
      return `No policy of ${caller} allows ${action}. ${needs}`;
    case 'permissions boundary':
      return `The permissions boundary of ${caller} does not allow ${action}. Extend it.`;
    case 'service control policy':
    case 'resource control policy':
      return `No ${denial.policy} of ${organization} allows ${action}. The administrator of that organization must allow it.`;
    case 'VPC endpoint policy':
      return `The policy of the VPC endpoint through which the service calls does not allow ${action}. Extend it.`;
    default:
      return `The policy of ${thing} does not allow ${caller} ${action}. Extend it.`;
  }
}

function inactiveSts({ answer }: Circumstances): string | undefined {
  if (answer.code !== 'RegionDisabledException') return undefined;
  const account = /account:\s*(\d+)/.exec(answer.message)?.[1];
  return `STS is switched off for ${account === undefined ? 'an account' : `account ${account}`} in the region of the service (AWS_REGION). An administrator of that account switches it on in IAM, under "Account settings".`;
}

function customerKey({ answer, purpose }: Circumstances): string | undefined {
  if (purpose.kind !== 'read-object' || !/Server Side Encryption/i.test(answer.message)) return undefined;
  return 'The object is encrypted with a key that only its writer has (SSE-C). Have it written again with SSE-S3 or SSE-KMS.';
}

function archivedObject({ answer }: Circumstances): string | undefined {
  if (answer.code !== 'InvalidObjectState') return undefined;
  const { accessTier, storageClass = 'an archive class' } = answer;
  return accessTier === undefined
    ? `The object lies in ${storageClass}. Restore it, then redrive the message.`
    : `The object lies in the tier ${accessTier} of ${storageClass}. Restore it, which takes hours, then redrive the message.`;
}

function otherSchema({ answer, purpose }: Circumstances): string | undefined {
  if (purpose.kind !== 'use-table' || answer.code !== 'ValidationException' || !/schema/i.test(answer.message))
    return undefined;
  return keyAdvice(purpose.setting, purpose.table, purpose.keys);
}

/** What the keys of a table must be; also where the table is looked at instead of used. */
export function keyAdvice(setting: string, table: string, { partition, sort }: TableKeys): string {
  return `The table ${table} has another key: its partition key must be ${partition} and its sort key ${sort}, both strings. Set ${setting} to the right table.`;
}

function missingPlace({ answer, purpose }: Circumstances): string | undefined {
  if (purpose.kind === 'use-table' && answer.code === 'ResourceNotFoundException') {
    return `There is no such table in the region of the service. Look at ${purpose.setting} and AWS_REGION.`;
  }
  if (purpose.kind === 'use-queue' && /(QueueDoesNotExist|NonExistentQueue)$/.test(answer.code)) {
    return `There is no such queue. Look at ${purpose.setting} and AWS_REGION.`;
  }
  return undefined;
}

function destinationAdvice({ answer, denial, purpose }: Circumstances): string | undefined {
  return purpose.kind === 'write-destination' ? purpose.advise(answer, denial !== undefined) : undefined;
}

/** Across accounts S3 gives no reason; a bucket with Requester Pays answers so too (S3 user guide, "Requester Pays"). */
function unexplained({ answer, denial, purpose }: Circumstances): string | undefined {
  if (answer.code !== 'AccessDenied' || denial || purpose.kind !== 'read-object') return undefined;
  return `S3 does not say why. The task role needs s3:GetObject on the bucket and kms:Decrypt on its key; where the bucket belongs to another account, its policy must allow the task role s3:GetObject, and Requester Pays must be off.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
