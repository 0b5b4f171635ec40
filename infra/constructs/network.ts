import { DataAwsAvailabilityZones } from '@cdktn/provider-aws/lib/data-aws-availability-zones/index.js';
import { DefaultSecurityGroup } from '@cdktn/provider-aws/lib/default-security-group/index.js';
import { EgressOnlyInternetGateway } from '@cdktn/provider-aws/lib/egress-only-internet-gateway/index.js';
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
import type { Config, NetworkConfig } from '../config/config.ts';
import type { Names } from '../values/names.ts';
import { networkAcls } from '../values/network-acls.ts';
import { createEndpoints } from './endpoints.ts';
import { createFlowLogs } from './flow-logs.ts';
import { createNetworkAcl } from './network-acls.ts';

/** Where tasks run. */
export interface Network {
  readonly vpcId: string;
  readonly privateSubnetIds: readonly string[];
}

export interface NetworkDeps {
  readonly config: Config;
  readonly names: Names;
  /** Encrypts the flow logs. */
  readonly logsKeyArn: string | undefined;
}

/** The VPC that the settings name, as it is; or one of our own. */
export function createNetwork(parent: Construct, deps: NetworkDeps): Network {
  const { config, names, logsKeyArn } = deps;
  const { name } = names;
  if (config.network.existing) return config.network.existing;
  const scope = new Construct(parent, 'network');
  const vpc = new Vpc(scope, 'vpc', {
    cidrBlock: config.network.cidr,
    ...(config.network.ipv6 ? { assignGeneratedIpv6CidrBlock: true } : {}),
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: { Name: name },
  });
  // Without rules: what forgets to name its own group gets nothing.
  new DefaultSecurityGroup(scope, 'default-group', { vpcId: vpc.id });
  const { publicSubnets, privateSubnets } = createSubnets(scope, name, vpc, config.network);
  const { internet, natGateways } = createWayOut(scope, name, vpc, publicSubnets, config.network.natGateways);
  const egressOnly = config.network.ipv6
    ? new EgressOnlyInternetGateway(scope, 'egress-only', { vpcId: vpc.id, tags: { Name: name } })
    : undefined;
  const routeTables = privateSubnets.map((subnet, at) => {
    const table = new RouteTable(scope, `private-routes-${at}`, {
      vpcId: vpc.id,
      tags: { Name: `${name}-private-${at}` },
    });
    new RouteTableAssociation(scope, `private-association-${at}`, { subnetId: subnet.id, routeTableId: table.id });
    const nat = natGateways[at % natGateways.length];
    new Route(scope, `private-default-${at}`, {
      routeTableId: table.id,
      destinationCidrBlock: '0.0.0.0/0',
      // Without NAT the subnets stay, and with them the tasks: NAT may come later by a change of this route.
      ...(nat === undefined ? { gatewayId: internet.id } : { natGatewayId: nat.id }),
    });
    if (egressOnly) {
      new Route(scope, `private-default-ipv6-${at}`, {
        routeTableId: table.id,
        destinationIpv6CidrBlock: '::/0',
        egressOnlyGatewayId: egressOnly.id,
      });
    }
    return table;
  });
  const network = { vpcId: vpc.id, privateSubnetIds: privateSubnets.map((subnet) => subnet.id) };
  createEndpoints(scope, { config, names, network, routeTableIds: routeTables.map((table) => table.id) });
  const { flowLogRetentionDays: retentionDays } = config.network;
  if (retentionDays !== null) {
    createFlowLogs(scope, { names, iam: config.iam, vpcId: vpc.id, retentionDays, keyArn: logsKeyArn });
  }
  if (config.network.networkAcls) {
    const rules = networkAcls(config.network);
    createNetworkAcl(scope, 'private-acl', {
      name: `${name}-private`,
      vpcId: vpc.id,
      subnets: privateSubnets,
      rules: rules.private,
    });
    createNetworkAcl(scope, 'public-acl', {
      name: `${name}-public`,
      vpcId: vpc.id,
      subnets: publicSubnets,
      rules: rules.public,
    });
  }
  return network;
}

function createSubnets(scope: Construct, name: string, vpc: Vpc, config: NetworkConfig) {
  const zones = new DataAwsAvailabilityZones(scope, 'zones', {
    state: 'available',
    // Local Zones and Wavelength Zones, once an account has opted in, are listed too; Fargate and NAT gateways do not run there.
    filter: [{ name: 'zone-type', values: ['availability-zone'] }],
  });
  const createKind = (kind: 'public' | 'private', offset: number) =>
    Array.from(
      { length: config.availabilityZones },
      (_, at) =>
        new Subnet(scope, `${kind}-${at}`, {
          vpcId: vpc.id,
          availabilityZone: Fn.element(zones.names, at),
          // Sixteen blocks of the VPC's: public ones from 0, private ones from 4.
          cidrBlock: Fn.cidrsubnet(config.cidr, 4, offset + at),
          mapPublicIpOnLaunch: false,
          // A VPC has a /56, a subnet a /64 of it (VPC user guide, "IPv6 CIDR blocks").
          ...(config.ipv6
            ? {
                ipv6CidrBlock: Fn.cidrsubnet(vpc.ipv6CidrBlock, 8, offset + at),
                assignIpv6AddressOnCreation: kind === 'private',
              }
            : {}),
          tags: { Name: `${name}-${kind}-${at}` },
        }),
    );
  return { publicSubnets: createKind('public', 0), privateSubnets: createKind('private', 4) };
}

/** Internet gateway, public routes and NAT gateways, one in each of the first `count` zones. */
function createWayOut(
  scope: Construct,
  name: string,
  vpc: Vpc,
  subnets: readonly Subnet[],
  count: number,
): { readonly internet: InternetGateway; readonly natGateways: readonly NatGateway[] } {
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
  const natGateways = subnets.slice(0, count).map((subnet, at) => {
    const address = new Eip(scope, `nat-address-${at}`, { domain: 'vpc', tags: { Name: `${name}-nat-${at}` } });
    return new NatGateway(scope, `nat-${at}`, {
      allocationId: address.id,
      subnetId: subnet.id,
      tags: { Name: `${name}-${at}` },
      dependsOn: [internet],
    });
  });
  return { internet, natGateways };
}
