import type { Overrides } from '../../../infra/config/config.ts';

export const BOUNDARY = 'arn:aws:iam::123456789012:policy/boundary';
const REMOTE_WRITE = 'https://aps-workspaces.us-east-1.amazonaws.com/workspaces/ws-1234abcd/api/v1/remote_write';

/** Every switch on, so that every resource is there. */
export const EVERYTHING = {
  accountId: '123456789012',
  costCenter: 'platform',
  iam: { path: '/platform/logs/', permissionsBoundary: BOUNDARY },
  writers: {
    eks: { oidcIssuer: 'https://oidc.example.com/id/A', namespace: 'vector', serviceAccount: 'vector' },
    principals: ['arn:aws:iam::123456789012:role/collector'],
    externalId: 'between-cluster-and-platform',
  },
  storage: { accessLogRetentionDays: 365 },
  network: {
    interfaceEndpoints: true,
    endpointPolicies: true,
    flowLogRetentionDays: 90,
    networkAcls: true,
    ipv6: true,
    metricsSources: ['10.0.0.0/16'],
  },
  distributor: {
    tracing: true,
    receipts: true,
    // Which older providers take too.
    receiptKeySpec: 'ECC_NIST_P256',
    prometheusRemoteWriteUrl: REMOTE_WRITE,
    settings: { CANARY_INTERVAL_SECONDS: '300', RECONCILE_INTERVAL_SECONDS: '3600' },
  },
  alerts: { emails: ['somebody@example.com'] },
} as const satisfies Overrides;

/** The same in another partition, whose ARNs and hosts are others. */
export function everythingIn(region: string, partition: 'aws-us-gov' | 'aws-cn'): Overrides {
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return {
    ...EVERYTHING,
    region,
    iam: { ...EVERYTHING.iam, permissionsBoundary: BOUNDARY.replace('arn:aws:', `arn:${partition}:`) },
    writers: { ...EVERYTHING.writers, principals: [`arn:${partition}:iam::123456789012:role/collector`] },
    distributor: {
      ...EVERYTHING.distributor,
      receiptKeyArn: `arn:${partition}:kms:${region}:123456789012:key/0a1b2c3d-the-next-one`,
      prometheusRemoteWriteUrl: REMOTE_WRITE.replace('us-east-1.amazonaws.com', `${region}.${domain}`),
    },
  };
}
