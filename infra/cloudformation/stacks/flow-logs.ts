import { flowLogPolicy, flowLogTrust } from '../../policies/flow-logs.ts';
import { getAtt, ifElse, ref } from '../intrinsics.ts';
import { type Resource, when } from '../stack.ts';
import { NAMES, NUMBERS } from '../symbolic.ts';
import { keyArn } from './keys.ts';
import { role } from './role.ts';

const CONDITION = 'HasFlowLog';

/** Flow logs of our VPC, as constructs/flow-logs.ts makes them. */
export function flowLogResources(): Readonly<Record<string, Resource>> {
  return {
    FlowLogGroup: when(CONDITION, {
      Type: 'AWS::Logs::LogGroup',
      DeletionPolicy: 'Delete',
      UpdateReplacePolicy: 'Delete',
      Properties: {
        LogGroupName: NAMES.flowLogGroup,
        RetentionInDays: NUMBERS.of('FlowLogRetentionDays'),
        KmsKeyId: ifElse('WithOwnKeys', keyArn('Logs')),
      },
    }),
    FlowLogRole: when(CONDITION, role(NAMES.flowLogRole, flowLogTrust(NAMES), flowLogPolicy(NAMES))),
    FlowLog: when(CONDITION, {
      Type: 'AWS::EC2::FlowLog',
      // GetAtt of a group gives its ARN with `:*`, which is no destination.
      DependsOn: 'FlowLogGroup',
      Properties: {
        ResourceId: ref('Vpc'),
        ResourceType: 'VPC',
        TrafficType: 'ALL',
        LogDestinationType: 'cloud-watch-logs',
        LogDestination: NAMES.logGroupArn(NAMES.flowLogGroup),
        DeliverLogsPermissionArn: getAtt('FlowLogRole', 'Arn'),
      },
    }),
  };
}
