import { endpointPolicy } from '../../policies/endpoints.ts';
import { endpointServiceName } from '../../values/partition.ts';
import { GATEWAY_SERVICES, INTERFACE_SERVICES, PROMETHEUS_SERVICE } from '../../values/vpc-endpoints.ts';
import {
  findInMap,
  getAtt,
  ifElse,
  type Json,
  type JsonObject,
  join,
  NO_VALUE,
  ref,
  select,
  split,
  toJson,
} from '../intrinsics.ts';
import { pascalCase } from '../service-settings.ts';
import { type Resource, when } from '../stack.ts';
import { NAMES, symbolicConfig } from '../symbolic.ts';
import { flowLogResources } from './flow-logs.ts';
import { networkAclResources } from './network-acls.ts';

const ZONES_MAX = 3;
/** Public subnets are the first blocks of sixteen, private ones begin here. */
const PRIVATE_OFFSET = 4;
/** A VPC has a /56, a subnet a /64 of it (VPC user guide, "IPv6 CIDR blocks"). */
const IPV6_SUBNETS = 8;
const IPV6_HOST_BITS = 64;

/** Bits that are left for hosts in a sixteenth of a VPC, by the length of the VPC's prefix. */
export const SUBNET_BITS: JsonObject = Object.fromEntries(
  Array.from({ length: 9 }, (_, at) => [String(16 + at), { HostBits: 32 - (16 + at) - 4 }]),
);

/** A VPC of our own, as constructs/network.ts makes it; nothing where one exists. */
export function networkResources(): Readonly<Record<string, Resource>> {
  const zones = Array.from({ length: ZONES_MAX }, (_, at) => at);
  return {
    Vpc: own({
      Type: 'AWS::EC2::VPC',
      Properties: {
        CidrBlock: symbolicConfig().network.cidr,
        EnableDnsSupport: true,
        EnableDnsHostnames: true,
        Tags: nameTag(NAMES.name),
      },
    }),
    VpcIpv6: when('HasIpv6', {
      Type: 'AWS::EC2::VPCCidrBlock',
      Properties: { VpcId: ref('Vpc'), AmazonProvidedIpv6CidrBlock: true },
    }),
    EgressOnlyInternetGateway: when('HasIpv6', {
      Type: 'AWS::EC2::EgressOnlyInternetGateway',
      Properties: { VpcId: ref('Vpc'), Tags: nameTag(NAMES.name) },
    }),
    InternetGateway: own({ Type: 'AWS::EC2::InternetGateway', Properties: { Tags: nameTag(NAMES.name) } }),
    InternetGatewayAttachment: own({
      Type: 'AWS::EC2::VPCGatewayAttachment',
      Properties: { VpcId: ref('Vpc'), InternetGatewayId: ref('InternetGateway') },
    }),
    PublicRoutes: own(routeTable('public')),
    PublicDefaultRoute: own({
      Type: 'AWS::EC2::Route',
      DependsOn: 'InternetGatewayAttachment',
      Properties: {
        RouteTableId: ref('PublicRoutes'),
        DestinationCidrBlock: '0.0.0.0/0',
        GatewayId: ref('InternetGateway'),
      },
    }),
    ...Object.assign({}, ...zones.map(zoneResources)),
    ...endpointResources(),
    ...flowLogResources(),
    ...networkAclResources(),
  };
}

function own(resource: Resource): Resource {
  return when('WithOwnNetwork', resource);
}

function nameTag(name: string): Json {
  return [{ Key: 'Name', Value: name }];
}

function routeTable(kind: string): Resource {
  return {
    Type: 'AWS::EC2::RouteTable',
    Properties: { VpcId: ref('Vpc'), Tags: nameTag(`${NAMES.name}-${kind}`) },
  };
}

/** Conditions of the zone at an index: whether it is there, and whether it has a NAT gateway. */
const ZONE_CONDITIONS = [
  { zone: 'WithOwnNetwork', nat: 'HasOwnNat', ipv6: 'HasIpv6' },
  { zone: 'WithOwnNetwork', nat: 'HasOwnSecondNat', ipv6: 'HasIpv6' },
  { zone: 'HasOwnThirdZone', nat: 'HasOwnThirdNat', ipv6: 'HasIpv6InThirdZone' },
];

/** The way out of a zone: its own NAT gateway, or the one that its turn gives it. */
const WAYS_OUT: readonly Json[] = [
  ref('NatGateway0'),
  ifElse('WithSecondNat', ref('NatGateway1'), ref('NatGateway0')),
  ifElse('WithThirdNat', ref('NatGateway2'), ref('NatGateway0')),
];

/** The internet gateway, once it is attached: an attachment's own id is dropped. */
const INTERNET: Json = select(0, split(' ', join(' ', [ref('InternetGateway'), ref('InternetGatewayAttachment')])));

function zoneResources(at: number): Readonly<Record<string, Resource>> {
  const { zone = 'WithOwnNetwork', nat = 'HasOwnNat', ipv6 = 'HasIpv6' } = ZONE_CONDITIONS[at] ?? {};
  return {
    [`PublicSubnet${at}`]: when(zone, subnet('public', at, at)),
    [`PrivateSubnet${at}`]: when(zone, subnet('private', at, PRIVATE_OFFSET + at)),
    [`PublicRoutes${at}Association`]: when(zone, association(`PublicSubnet${at}`, 'PublicRoutes')),
    [`PrivateRoutes${at}`]: when(zone, routeTable(`private-${at}`)),
    [`PrivateRoutes${at}Association`]: when(zone, association(`PrivateSubnet${at}`, `PrivateRoutes${at}`)),
    [`PrivateDefaultRoute${at}`]: when(zone, {
      Type: 'AWS::EC2::Route',
      Properties: {
        RouteTableId: ref(`PrivateRoutes${at}`),
        DestinationCidrBlock: '0.0.0.0/0',
        NatGatewayId: ifElse('WithNat', WAYS_OUT[at] ?? ref('NatGateway0')),
        GatewayId: ifElse('WithNat', NO_VALUE, INTERNET),
      },
    }),
    [`PrivateDefaultIpv6Route${at}`]: when(ipv6, {
      Type: 'AWS::EC2::Route',
      Properties: {
        RouteTableId: ref(`PrivateRoutes${at}`),
        DestinationIpv6CidrBlock: '::/0',
        EgressOnlyInternetGatewayId: ref('EgressOnlyInternetGateway'),
      },
    }),
    [`NatAddress${at}`]: when(nat, {
      Type: 'AWS::EC2::EIP',
      DependsOn: 'InternetGatewayAttachment',
      Properties: { Domain: 'vpc', Tags: nameTag(`${NAMES.name}-nat-${at}`) },
    }),
    [`NatGateway${at}`]: when(nat, {
      Type: 'AWS::EC2::NatGateway',
      Properties: {
        AllocationId: getAtt(`NatAddress${at}`, 'AllocationId'),
        SubnetId: ref(`PublicSubnet${at}`),
        Tags: nameTag(`${NAMES.name}-${at}`),
      },
    }),
  };
}

function subnet(kind: 'public' | 'private', at: number, block: number): Resource {
  const bits = findInMap('SubnetBits', ref('VpcPrefixLength'), 'HostBits');
  const ipv6 = { 'Fn::Cidr': [ipv6Block(), IPV6_SUBNETS, IPV6_HOST_BITS] };
  return {
    Type: 'AWS::EC2::Subnet',
    Properties: {
      VpcId: ref('Vpc'),
      AvailabilityZone: select(at, { 'Fn::GetAZs': '' }),
      CidrBlock: select(block, { 'Fn::Cidr': [ref('VpcCidr'), 16, bits] }),
      MapPublicIpOnLaunch: false,
      Ipv6CidrBlock: ifElse('WithIpv6', select(block, ipv6)),
      AssignIpv6AddressOnCreation: ifElse('WithIpv6', kind === 'private'),
      Tags: nameTag(`${NAMES.name}-${kind}-${at}`),
    },
  };
}

/**
 * The VPC's block. It must be there first, and nothing may depend on a resource that is not always there; so the
 * resource is named beside the block, and dropped.
 */
function ipv6Block(): Json {
  return select(0, split(' ', join(' ', [select(0, getAtt('Vpc', 'Ipv6CidrBlocks')), ref('VpcIpv6')])));
}

function association(subnetId: string, routeTableId: string): Resource {
  return {
    Type: 'AWS::EC2::SubnetRouteTableAssociation',
    Properties: { SubnetId: ref(subnetId), RouteTableId: ref(routeTableId) },
  };
}

function endpointResources(): Readonly<Record<string, Resource>> {
  const common = (service: string): JsonObject => ({
    VpcId: ref('Vpc'),
    ServiceName: endpointServiceName(service, NAMES.place),
    PolicyDocument: ifElse('WithEndpointPolicies', toJson(endpointPolicy(service, NAMES))),
  });
  const gateways = GATEWAY_SERVICES.map((service) => [
    `Endpoint${pascalCase(service)}`,
    own({
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: {
        ...common(service),
        VpcEndpointType: 'Gateway',
        RouteTableIds: zoneList('PrivateRoutes'),
      },
    }),
  ]);
  const interfaces = [...INTERFACE_SERVICES, PROMETHEUS_SERVICE].map((service) => [
    `Endpoint${pascalCase(service)}`,
    when(service === PROMETHEUS_SERVICE ? 'HasPrometheusEndpoint' : 'HasInterfaceEndpoints', {
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: {
        ...common(service),
        VpcEndpointType: 'Interface',
        SubnetIds: zoneList('PrivateSubnet'),
        SecurityGroupIds: [getAtt('EndpointsGroup', 'GroupId')],
        PrivateDnsEnabled: true,
      },
    }),
  ]);
  return {
    EndpointsGroup: when('HasInterfaceEndpoints', {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        VpcId: ref('Vpc'),
        GroupDescription: 'HTTPS from within the VPC',
        SecurityGroupIngress: [
          { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: symbolicConfig().network.cidr },
        ],
      },
    }),
    ...Object.fromEntries([...gateways, ...interfaces]),
  };
}

/** One resource of each zone. */
function zoneList(name: string): Json {
  return [ref(`${name}0`), ref(`${name}1`), ifElse('WithThirdZone', ref(`${name}2`))];
}

/** Ids of the private subnets, ours or those that exist, with commas between. */
export function privateSubnetIds(): Json {
  return ifElse('WithOwnNetwork', join(',', zoneList('PrivateSubnet')), ref('ExistingSubnetIds'));
}
