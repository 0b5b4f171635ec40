import { SecurityGroup } from '@cdktn/provider-aws/lib/security-group/index.js';
import { VpcEndpoint } from '@cdktn/provider-aws/lib/vpc-endpoint/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktn/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import type { Construct } from 'constructs';
import type { Config } from '../config/config.ts';
import { endpointPolicy } from '../policies/endpoints.ts';
import type { Names } from '../values/names.ts';
import { endpointServiceName } from '../values/partition.ts';
import { GATEWAY_SERVICES, interfaceServices } from '../values/vpc-endpoints.ts';
import type { Network } from './network.ts';

export interface EndpointsDeps {
  readonly config: Config;
  readonly names: Names;
  readonly network: Network;
  readonly routeTableIds: readonly string[];
}

export function createEndpoints(scope: Construct, { config, names, network, routeTableIds }: EndpointsDeps): void {
  const { vpcId, privateSubnetIds } = network;
  const common = (service: string) => ({
    vpcId,
    serviceName: endpointServiceName(service, names.place),
    ...(config.network.endpointPolicies ? { policy: JSON.stringify(endpointPolicy(service, names)) } : {}),
  });
  for (const service of GATEWAY_SERVICES) {
    new VpcEndpoint(scope, `endpoint-${service}`, {
      ...common(service),
      vpcEndpointType: 'Gateway',
      routeTableIds: [...routeTableIds],
    });
  }
  if (!config.network.interfaceEndpoints) return;
  const group = new SecurityGroup(scope, 'endpoints-group', { vpcId, description: 'HTTPS from within the VPC' });
  new VpcSecurityGroupIngressRule(scope, 'endpoints-https', {
    securityGroupId: group.id,
    ipProtocol: 'tcp',
    fromPort: 443,
    toPort: 443,
    cidrIpv4: config.network.cidr,
  });
  for (const service of interfaceServices(config)) {
    new VpcEndpoint(scope, `endpoint-${service.replace('.', '-')}`, {
      ...common(service),
      vpcEndpointType: 'Interface',
      subnetIds: [...privateSubnetIds],
      securityGroupIds: [group.id],
      privateDnsEnabled: true,
    });
  }
}
