import { SecurityGroup } from '@cdktn/provider-aws/lib/security-group/index.js';
import { VpcSecurityGroupEgressRule } from '@cdktn/provider-aws/lib/vpc-security-group-egress-rule/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktn/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import type { Construct } from 'constructs';
import type { NetworkConfig } from '../config/config.ts';
import { HTTP_PORT } from '../values/service-environment.ts';
import type { Network } from './network.ts';

/** The tasks' group: HTTPS out to AWS, in nothing but the metrics port from those that the settings name. */
export function createTaskGroup(
  scope: Construct,
  { vpcId }: Network,
  { metricsSources, ipv6 }: Pick<NetworkConfig, 'metricsSources' | 'ipv6'>,
): SecurityGroup {
  const group = new SecurityGroup(scope, 'group', { vpcId, description: 'Log distributor tasks' });
  const https = {
    securityGroupId: group.id,
    description: 'AWS APIs',
    ipProtocol: 'tcp',
    fromPort: 443,
    toPort: 443,
  };
  new VpcSecurityGroupEgressRule(scope, 'group-https', { ...https, cidrIpv4: '0.0.0.0/0' });
  if (ipv6) new VpcSecurityGroupEgressRule(scope, 'group-https-ipv6', { ...https, cidrIpv6: '::/0' });
  for (const [at, source] of metricsSources.entries()) {
    new VpcSecurityGroupIngressRule(scope, `group-metrics-${at}`, {
      securityGroupId: group.id,
      description: 'Scrapes of /metrics',
      ipProtocol: 'tcp',
      fromPort: HTTP_PORT,
      toPort: HTTP_PORT,
      ...(source.startsWith('sg-') ? { referencedSecurityGroupId: source } : { cidrIpv4: source }),
    });
  }
  return group;
}
