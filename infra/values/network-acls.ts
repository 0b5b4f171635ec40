import type { NetworkConfig } from '../config/config.ts';
import { HTTP_PORT } from './service-environment.ts';

/** A rule that lets TCP through. What no rule lets through is refused. */
export interface AclRule {
  readonly direction: 'ingress' | 'egress';
  /** IPv4 or IPv6. */
  readonly cidr: string;
  readonly fromPort: number;
  readonly toPort: number;
}

export interface NetworkAcls {
  readonly private: readonly AclRule[];
  readonly public: readonly AclRule[];
}

const HTTPS = { fromPort: 443, toPort: 443 };
/** Where answers go to: ports of Linux, and of everybody including NAT gateways (VPC user guide, "Ephemeral ports"). */
const LINUX_PORTS = { fromPort: 32_768, toPort: 60_999 };
const ALL_PORTS = { fromPort: 1_024, toPort: 65_535 };
const ANYWHERE = '0.0.0.0/0';
const ANYWHERE_IPV6 = '::/0';

/**
 * The rules of the subnets: HTTPS to AWS, by NAT, gateway or interface endpoint, and its answers; scrapes of the metrics port. An ACL
 * has no memory, so each answer has a rule. Amazon's DNS and time are not filtered by ACLs.
 */
export function networkAcls(config: Pick<NetworkConfig, 'cidr' | 'ipv6' | 'metricsSources'>): NetworkAcls {
  const { cidr, ipv6 } = config;
  const scrapers = [...new Set(config.metricsSources.map((source) => (source.startsWith('sg-') ? cidr : source)))];
  return {
    private: [
      { direction: 'ingress', cidr, ...HTTPS },
      { direction: 'ingress', cidr: ANYWHERE, ...LINUX_PORTS },
      ...scrapers.map((source) => ({
        direction: 'ingress' as const,
        cidr: source,
        fromPort: HTTP_PORT,
        toPort: HTTP_PORT,
      })),
      ...(ipv6 ? [{ direction: 'ingress' as const, cidr: ANYWHERE_IPV6, ...LINUX_PORTS }] : []),
      { direction: 'egress', cidr: ANYWHERE, ...HTTPS },
      { direction: 'egress', cidr, ...ALL_PORTS },
      ...scrapers
        .filter((source) => source !== cidr)
        .map((source) => ({ direction: 'egress' as const, cidr: source, ...ALL_PORTS })),
      ...(ipv6 ? [{ direction: 'egress' as const, cidr: ANYWHERE_IPV6, ...HTTPS }] : []),
    ],
    public: [
      { direction: 'ingress', cidr, ...HTTPS },
      { direction: 'ingress', cidr: ANYWHERE, ...ALL_PORTS },
      { direction: 'egress', cidr: ANYWHERE, ...HTTPS },
      { direction: 'egress', cidr, ...ALL_PORTS },
    ],
  };
}
