import type { Policy } from '../policy/document.ts';
import { parsePolicy } from '../policy/document.ts';

/** The account of `test` credentials: the platform's own, and the management account of the organization. */
export const PLATFORM_ACCOUNT = '000000000000';
/** What AWS Organizations puts into every account that it creates (Organizations user guide). */
const ORGANIZATION_ROLE = 'OrganizationAccountAccessRole';

export interface Role {
  readonly account: string;
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  /** AROA..., another one for a role that is created again under the same name. */
  readonly id: string;
  readonly createdMs: number;
  readonly description: string | undefined;
  trust: Document;
  maxSessionSeconds: number;
  readonly policies: Map<string, Document>;
  readonly tags: Map<string, string>;
}

/** A policy as it was put, and as it is evaluated. */
export interface Document {
  readonly text: string;
  readonly policy: Policy;
}

/** The accounts and their roles. An account exists as soon as it is spoken of: any twelve digits. */
export interface Accounts {
  role(account: string, name: string): Role | undefined;
  /** @returns undefined for what is no ARN of a role that exists */
  roleByArn(arn: string): Role | undefined;
  roles(account: string): Role[];
  add(role: Role): void;
  remove(role: Role): void;
}

export interface AccountsDeps {
  readonly nowMs: () => number;
  readonly newId: (prefix: string) => string;
}

const ADMINISTRATOR = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

export function createAccounts(deps: AccountsDeps): Accounts {
  const accounts = new Map<string, Map<string, Role>>();

  const rolesOf = (account: string): Map<string, Role> => {
    const known = accounts.get(account);
    if (known) return known;
    const roles = new Map<string, Role>();
    accounts.set(account, roles);
    if (account !== PLATFORM_ACCOUNT) {
      const role = organizationRole(account, deps);
      roles.set(role.name, role);
    }
    return roles;
  };

  const role = (account: string, name: string) => (isAccount(account) ? rolesOf(account).get(name) : undefined);
  return {
    role,
    roleByArn(arn) {
      const [, account, name] = /^arn:aws:iam::(\d{12}):role\/(?:[!-~]+\/)?([\w+=,.@-]+)$/.exec(arn) ?? [];
      const found = account !== undefined && name !== undefined ? role(account, name) : undefined;
      return found?.arn === arn ? found : undefined;
    },
    roles: (account) => [...rolesOf(account).values()],
    add: (added) => void rolesOf(added.account).set(added.name, added),
    remove: (removed) => void rolesOf(removed.account).delete(removed.name),
  };
}

export function isAccount(text: string): boolean {
  return /^\d{12}$/.test(text);
}

export function readDocument(text: string, kind: 'identity' | 'trust'): Document {
  return { text, policy: parsePolicy(text, kind) };
}

export function roleArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:role${path}${name}`;
}

function organizationRole(account: string, deps: AccountsDeps): Role {
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${PLATFORM_ACCOUNT}:root` }, Action: 'sts:AssumeRole' },
    ],
  });
  return {
    account,
    name: ORGANIZATION_ROLE,
    path: '/',
    arn: roleArn(account, '/', ORGANIZATION_ROLE),
    id: deps.newId('AROA'),
    createdMs: deps.nowMs(),
    description: undefined,
    trust: readDocument(trust, 'trust'),
    maxSessionSeconds: 3600,
    policies: new Map([['AdministratorAccess', readDocument(ADMINISTRATOR, 'identity')]]),
    tags: new Map(),
  };
}
