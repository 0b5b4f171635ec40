/** Each has an account of its own. */
export const TENANTS = ['acme-corp', 'globex', 'initech'] as const;

export interface Namespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Labels of its pods. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** Whose lines its pods write; undefined: nobody's. */
  readonly tenant: string | undefined;
}

/** One namespace for each way in which lines get a tenant, and one whose lines get none. */
export const NAMESPACES: readonly Namespace[] = [
  { name: 'acme-shop', labels: { 'log-distributor/tenant': 'acme-corp' }, podLabels: {}, tenant: 'acme-corp' },
  {
    name: 'globex-web',
    labels: { 'log-distributor/tenant-from': 'pod', 'log-distributor/identity-from': 'pod' },
    podLabels: { 'log-distributor/tenant': 'globex' },
    tenant: 'globex',
  },
  { name: 'initech-core', labels: { 'log-distributor/tenant': 'initech' }, podLabels: {}, tenant: 'initech' },
  { name: 'unclaimed', labels: {}, podLabels: {}, tenant: undefined },
];
