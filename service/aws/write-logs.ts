import { type AwsAnswer, answerOf } from '../base/aws-answer.ts';
import type { GroupSettings } from './log-group.ts';
import type { Purpose } from './purpose.ts';

/**
 * Calls to CloudWatch Logs in a tenant's account.
 * @param target groupSettings: of groups that the service creates; exactlyOnce: what was written is read back
 */
export function writeLogs(
  region: string,
  { groupSettings, exactlyOnce }: { readonly groupSettings?: GroupSettings; readonly exactlyOnce?: boolean } = {},
): Purpose {
  const needed = ['logs:PutLogEvents', 'logs:CreateLogStream', 'logs:CreateLogGroup', 'logs:PutRetentionPolicy'];
  if (groupSettings?.tags) needed.push('logs:TagResource');
  if (exactlyOnce) needed.push('logs:GetLogEvents');
  return {
    kind: 'write-destination',
    thing: 'the log group',
    needs: `The tenant's role needs ${needed.slice(0, -1).join(', ')} and ${needed.at(-1)} there.`,
    advise: (answer) => {
      if (answer.code === 'LimitExceededException') {
        return `The customer's account has as many log groups in ${region} as its quota allows. Have some deleted or the quota raised, or write to fewer groups (log_group_name).`;
      }
      if (answer.code === 'InvalidOperationException') {
        return 'Events of a log group of this class cannot be read back, which exactly_once needs. Deliver to a log group of the class STANDARD, or remove the attribute exactly_once.';
      }
      if (isAboutKey(answer)) {
        return `The key of the log group (log_group_kms_key_arn) does not exist, or its policy does not let CloudWatch Logs in ${region} use it for this group. The role needs no permission on the key. \`log-distributor tenants verify\` prints the statement for the policy of the key.`;
      }
      return undefined;
    },
  };
}

/** Whether CloudWatch Logs may not use the key with which a group is to be created; the role has nothing to do with that. */
export function isKeyRefused(error: unknown): boolean {
  const answer = answerOf(error);
  return answer !== undefined && isAboutKey(answer);
}

/** Its words: "The specified KMS key does not exist or is not allowed to be used with Arn '…'". */
function isAboutKey({ message }: AwsAnswer): boolean {
  return /KMS key .*allowed to be used with Arn/i.test(message);
}
