import type { CreateLogGroupCommandInput, LogGroupClass } from '@aws-sdk/client-cloudwatch-logs';

/** What a log group gets when the service creates it. A group that is there already keeps what its owner gave it. */
export interface GroupSettings {
  /** Fixed for ever once the group exists; undefined: the default of AWS, STANDARD. */
  readonly logGroupClass?: LogGroupClass | undefined;
  /** undefined: CloudWatch Logs encrypts with a key of its own. */
  readonly kmsKeyArn?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The call that creates a group. It sets all or nothing: there is no moment in which a group has events and no key. */
export function groupCreation(group: string, settings: GroupSettings = {}): CreateLogGroupCommandInput {
  const { logGroupClass, kmsKeyArn, tags } = settings;
  return {
    logGroupName: group,
    // Where there is only the standard class, AWS refuses even its name.
    ...(logGroupClass === undefined || logGroupClass === 'STANDARD' ? {} : { logGroupClass }),
    ...(kmsKeyArn === undefined ? {} : { kmsKeyId: kmsKeyArn }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
  };
}
