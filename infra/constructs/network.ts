import { DataAwsAvailabilityZones } from '@cdktn/provider-aws/lib/data-aws-availability-zones/index.js';
import { DefaultSecurityGroup } from '@cdktn/provider-aws/lib/default-security-group/index.js';
import { Eip } from '@cdktn/provider-aws/lib/eip/index.js';
import { InternetGateway } from '@cdktn/provider-aws/lib/internet-gateway/index.js';
import { NatGateway } from '@cdktn/provider-aws/lib/nat-gateway/index.js';
import { Route } from '@cdktn/provider-aws/lib/route/index.js';
import { RouteTable } from '@cdktn/provider-aws/lib/route-table/index.js';
import { RouteTableAssociation } from '@cdktn/provider-aws/lib/route-table-association/index.js';
import { Subnet } from '@cdktn/provider-aws/lib/subnet/index.js';
import { Vpc } from '@cdktn/provider-aws/lib/vpc/index.js';
import { Fn } from 'cdktn';
import { Construct } from 'constructs';
import type { NetworkConfig } from '../config.ts';
import { createGatewayEndpoints, createInterfaceEndpoints } from './endpoints.ts';

/** Where tasks run. */
export interface Network {
  readonly vpcId: string;
  readonly privateSubnetIds: readonly string[];
}

/** The VPC that the settings name, as it is; or one of our own. */
export function createNetwork(parent: Construct, name: string, region: string, config: NetworkConfig): Network {
  if (config.existing) return config.existing;
  const scope = new Construct(parent, 'network');
  const vpc = new Vpc(scope, 'vpc', {
    cidrBlock: config.cidr,
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: { Name: name },
  });
  // Without rules: what forgets to name its own group gets nothing.
  new DefaultSecurityGroup(scope, 'default-group', { vpcId: vpc.id });
  const zones = new DataAwsAvailabilityZones(scope, 'zones', { state: 'available' });
  const createSubnets = (kind: 'public' | 'private', offset: number) =>
    Array.from(
      { length: config.availabilityZones },
      (_, at) =>
        new Subnet(scope, `${kind}-${at}`, {
          vpcId: vpc.id,
          availabilityZone: Fn.element(zones.names, at),
          // Sixteen blocks of the VPC's: public ones from 0, private ones from 4.
          cidrBlock: Fn.cidrsubnet(config.cidr, 4, offset + at),
          mapPublicIpOnLaunch: false,
          tags: { Name: `${name}-${kind}-${at}` },
        }),
    );
  const publicSubnets = createSubnets('public', 0);
  const privateSubnets = createSubnets('private', 4);
  const natGateways = createWayOut(scope, name, vpc, publicSubnets, config.natGateways);
  const routeTables = privateSubnets.map((subnet, at) => {
    const table = new RouteTable(scope, `private-routes-${at}`, {
      vpcId: vpc.id,
      tags: { Name: `${name}-private-${at}` },
    });
    new RouteTableAssociation(scope, `private-association-${at}`, { subnetId: subnet.id, routeTableId: table.id });
    new Route(scope, `private-default-${at}`, {
      routeTableId: table.id,
      destinationCidrBlock: '0.0.0.0/0',
      natGatewayId: natGateways[at % natGateways.length]?.id ?? '',
    });
    return table;
  });
  const network = { vpcId: vpc.id, privateSubnetIds: privateSubnets.map((subnet) => subnet.id) };
  createGatewayEndpoints(
    scope,
    network,
    region,
    routeTables.map((table) => table.id),
  );
  if (config.interfaceEndpoints) createInterfaceEndpoints(scope, network, region, config.cidr);
  return network;
}

/** Internet gateway, public routes and NAT gateways, one in each of the first `count` zones. */
function createWayOut(
  scope: Construct,
  name: string,
  vpc: Vpc,
  subnets: readonly Subnet[],
  count: number,
): NatGateway[] {
  const internet = new InternetGateway(scope, 'internet', { vpcId: vpc.id, tags: { Name: name } });
  const table = new RouteTable(scope, 'public-routes', { vpcId: vpc.id, tags: { Name: `${name}-public` } });
  new Route(scope, 'public-default', {
    routeTableId: table.id,
    destinationCidrBlock: '0.0.0.0/0',
    gatewayId: internet.id,
  });
  for (const [at, subnet] of subnets.entries()) {
    new RouteTableAssociation(scope, `public-association-${at}`, { subnetId: subnet.id, routeTableId: table.id });
  }
  return subnets.slice(0, count).map((subnet, at) => {
    const address = new Eip(scope, `nat-address-${at}`, { domain: 'vpc', tags: { Name: `${name}-nat-${at}` } });
    return new NatGateway(scope, `nat-${at}`, {
      allocationId: address.id,
      subnetId: subnet.id,
      tags: { Name: `${name}-${at}` },
      dependsOn: [internet],
    });
  });
}
