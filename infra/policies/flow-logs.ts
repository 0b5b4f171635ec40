import type { Names } from '../values/names.ts';
import { type PolicyDocument, policy, trustService } from './document.ts';

/** Flow logs of this account and region only (VPC user guide, "IAM role for publishing flow logs to CloudWatch Logs"). */
export function flowLogTrust(names: Names): PolicyDocument {
  const { partition, region, accountId } = names.place;
  return trustService('vpc-flow-logs.amazonaws.com', {
    StringEquals: { 'aws:SourceAccount': [accountId] },
    ArnLike: { 'aws:SourceArn': [`arn:${partition}:ec2:${region}:${accountId}:vpc-flow-log/*`] },
  });
}

export function flowLogPolicy(names: Names): PolicyDocument {
  const group = names.logGroupArn(names.flowLogGroup);
  return policy(
    {
      Sid: 'WriteFlowLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      Resource: [group, `${group}:*`],
    },
    // A list of all groups: it knows no narrower resource.
    { Sid: 'FindGroup', Effect: 'Allow', Action: ['logs:DescribeLogGroups'], Resource: [names.logGroupArn('*')] },
  );
}
