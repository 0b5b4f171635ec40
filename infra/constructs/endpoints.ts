import { SecurityGroup } from '@cdktn/provider-aws/lib/security-group/index.js';
import { VpcEndpoint } from '@cdktn/provider-aws/lib/vpc-endpoint/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktn/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import type { Construct } from 'constructs';
import type { Network } from './network.ts';

/** S3 and DynamoDB cost nothing this way, and all of the objects' bytes would pay NAT otherwise. */
const GATEWAY_SERVICES = ['s3', 'dynamodb'];
/** What a task talks to besides; Firehose for collectors that run in this VPC. */
const INTERFACE_SERVICES = ['sqs', 'sts', 'logs', 'kms', 'ecr.api', 'ecr.dkr', 'kinesis-firehose'];

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
