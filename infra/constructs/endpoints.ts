import { SecurityGroup } from '@cdktn/provider-aws/lib/security-group/index.js';
import { VpcEndpoint } from '@cdktn/provider-aws/lib/vpc-endpoint/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktn/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import type { Construct } from 'constructs';
import { GATEWAY_SERVICES, INTERFACE_SERVICES } from '../vpc-endpoints.ts';
import type { Network } from './network.ts';

export function createGatewayEndpoints(
  scope: Construct,
  { vpcId }: Network,
  region: string,
  routeTableIds: string[],
): void {
  for (const service of GATEWAY_SERVICES) {
    new VpcEndpoint(scope, `endpoint-${service}`, {
      vpcId,
      serviceName: `com.amazonaws.${region}.${service}`,
      vpcEndpointType: 'Gateway',
      routeTableIds,
    });
  }
}

export function createInterfaceEndpoints(scope: Construct, network: Network, region: string, cidr: string): void {
  const { vpcId, privateSubnetIds } = network;
  const group = new SecurityGroup(scope, 'endpoints-group', { vpcId, description: 'HTTPS from within the VPC' });
  new VpcSecurityGroupIngressRule(scope, 'endpoints-https', {
    securityGroupId: group.id,
    ipProtocol: 'tcp',
    fromPort: 443,
    toPort: 443,
    cidrIpv4: cidr,
  });
  for (const service of INTERFACE_SERVICES) {
    new VpcEndpoint(scope, `endpoint-${service.replace('.', '-')}`, {
      vpcId,
      serviceName: `com.amazonaws.${region}.${service}`,
      vpcEndpointType: 'Interface',
      subnetIds: [...privateSubnetIds],
      securityGroupIds: [group.id],
      privateDnsEnabled: true,
    });
  }
}
