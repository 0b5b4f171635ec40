import { ifElse } from '../intrinsics.ts';
import { textOf } from '../placeholders.ts';
import type { Resource } from '../stack.ts';
import { NUMBERS } from '../symbolic.ts';

/** A log group of ours, encrypted with the key of log groups where we have one. */
export function logGroup(name: string): Resource {
  return {
    Type: 'AWS::Logs::LogGroup',
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    Properties: {
      LogGroupName: name,
      RetentionInDays: NUMBERS.of('LogRetentionDays'),
      KmsKeyId: ifElse('WithOwnKeys', textOf('LogsKeyArn')),
    },
  };
}
