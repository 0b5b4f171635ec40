import { type AclRule, networkAcls } from '../../values/network-acls.ts';
import { ifElse, type Json, ref } from '../intrinsics.ts';
import { textOf } from '../placeholders.ts';
import { type Resource, when } from '../stack.ts';
import { METRICS_SOURCES, NAMES, symbolicConfig } from '../symbolic.ts';

const CONDITION = 'HasNetworkAcl';
const TCP = 6;

/** The ACLs of our VPC, as constructs/network-acls.ts makes them. A rule keeps its number whichever others there are. */
export function networkAclResources(): Readonly<Record<string, Resource>> {
  const rules = networkAcls(symbolicConfig().network);
  return { ...acl('Private', rules.private), ...acl('Public', rules.public) };
}

function acl(kind: 'Private' | 'Public', rules: readonly AclRule[]): Readonly<Record<string, Resource>> {
  const entries = (['ingress', 'egress'] as const).flatMap((direction) =>
    rules
      .filter((rule) => rule.direction === direction)
      .map((rule, at) => [`${kind}Acl${direction === 'ingress' ? 'Ingress' : 'Egress'}${at}`, entry(kind, rule, at)]),
  );
  const associations = [0, 1, 2].map((zone) => [
    `${kind}Acl${zone}Association`,
    when(zone === 2 ? 'HasNetworkAclInThirdZone' : CONDITION, {
      Type: 'AWS::EC2::SubnetNetworkAclAssociation',
      Properties: { SubnetId: ref(`${kind}Subnet${zone}`), NetworkAclId: ref(`${kind}Acl`) },
    }),
  ]);
  return {
    [`${kind}Acl`]: when(CONDITION, {
      Type: 'AWS::EC2::NetworkAcl',
      Properties: {
        VpcId: ref('Vpc'),
        Tags: [{ Key: 'Name', Value: `${NAMES.name}-${kind.toLowerCase()}` }],
      },
    }),
    ...Object.fromEntries([...entries, ...associations]),
  };
}

function entry(kind: string, { direction, cidr, fromPort, toPort }: AclRule, at: number): Resource {
  const source = METRICS_SOURCES.find((name) => cidr === textOf(name));
  return when(conditionOf(cidr, direction, source), {
    Type: 'AWS::EC2::NetworkAclEntry',
    Properties: {
      NetworkAclId: ref(`${kind}Acl`),
      Egress: direction === 'egress',
      RuleNumber: 100 + 10 * at,
      RuleAction: 'allow',
      Protocol: TCP,
      PortRange: { From: fromPort, To: toPort },
      ...(cidr.includes('::') ? { Ipv6CidrBlock: cidr } : { CidrBlock: blockOf(cidr, direction, source) }),
    },
  });
}

/** What another group sends comes from the VPC, whose answers have a rule already. */
function conditionOf(cidr: string, direction: AclRule['direction'], source: string | undefined): string {
  if (source !== undefined) return direction === 'ingress' ? `Has${source}NetworkAcl` : `HasBlock${source}NetworkAcl`;
  return cidr.includes('::') ? 'HasIpv6NetworkAcl' : CONDITION;
}

function blockOf(cidr: string, direction: AclRule['direction'], source: string | undefined): Json {
  if (source === undefined || direction === 'egress') return cidr;
  return ifElse(`IsGroup${source}`, symbolicConfig().network.cidr, ref(source));
}
