import { NetworkAcl } from '@cdktn/provider-aws/lib/network-acl/index.js';
import type { Subnet } from '@cdktn/provider-aws/lib/subnet/index.js';
import type { Construct } from 'constructs';
import type { AclRule } from '../values/network-acls.ts';

/** A network ACL of subnets, with its rules in order. */
export function createNetworkAcl(
  scope: Construct,
  id: string,
  props: {
    readonly name: string;
    readonly vpcId: string;
    readonly subnets: readonly Subnet[];
    readonly rules: readonly AclRule[];
  },
): void {
  const rulesOf = (direction: AclRule['direction']) =>
    props.rules
      .filter((rule) => rule.direction === direction)
      .map(({ cidr, fromPort, toPort }, at) => ({
        ruleNo: 100 + 10 * at,
        action: 'allow',
        protocol: 'tcp',
        fromPort,
        toPort,
        ...(cidr.includes(':') ? { ipv6CidrBlock: cidr } : { cidrBlock: cidr }),
      }));
  new NetworkAcl(scope, id, {
    vpcId: props.vpcId,
    subnetIds: props.subnets.map((subnet) => subnet.id),
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
    tags: { Name: props.name },
  });
}
