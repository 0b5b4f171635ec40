import { CloudwatchLogGroup } from '@cdktn/provider-aws/lib/cloudwatch-log-group/index.js';
import { FlowLog } from '@cdktn/provider-aws/lib/flow-log/index.js';
import { Construct } from 'constructs';
import type { IamConfig } from '../config/config.ts';
import { flowLogPolicy, flowLogTrust } from '../policies/flow-logs.ts';
import type { Names } from '../values/names.ts';
import { createRole } from './role.ts';

export interface FlowLogsDeps {
  readonly names: Names;
  readonly iam: IamConfig;
  readonly vpcId: string;
  readonly retentionDays: number;
  readonly keyArn: string | undefined;
}

/** Flow logs of the VPC, to a log group. */
export function createFlowLogs(parent: Construct, deps: FlowLogsDeps): void {
  const { names, iam, vpcId, retentionDays, keyArn } = deps;
  const scope = new Construct(parent, 'flow-logs');
  const group = new CloudwatchLogGroup(scope, 'group', {
    name: names.flowLogGroup,
    retentionInDays: retentionDays,
    ...(keyArn === undefined ? {} : { kmsKeyId: keyArn }),
  });
  const { role, policy } = createRole(scope, 'role', {
    name: names.flowLogRole,
    iam,
    trust: flowLogTrust(names),
    policy: flowLogPolicy(names),
  });
  new FlowLog(scope, 'flow-log', {
    vpcId,
    trafficType: 'ALL',
    logDestinationType: 'cloud-watch-logs',
    logDestination: group.arn,
    iamRoleArn: role.arn,
    dependsOn: [policy],
  });
}
