import type { RoleRequest, SessionCredentials } from '../aws/roles.ts';
import type { Delivery } from '../core/delivery.ts';
import { KEY_TAGS, TENANT_TAG } from '../core/permissions.ts';

/** The role of a delivery, with session tags: what the customer's policies can ask for. */
export function roleRequest(delivery: Delivery, keyFields: Readonly<Record<string, string>>): RoleRequest {
  const tags: Record<string, string> = { [TENANT_TAG]: delivery.tenantId };
  for (const name of KEY_TAGS) {
    const value = keyFields[name];
    if (value) tags[name] = value;
  }
  return { roleArn: delivery.roleArn, externalId: delivery.externalId, tags };
}

/**
 * Clients by session and region. A client belongs to its credentials: it lives as long as they do, nobody has to renew or
 * to evict it, and no other tenant's call can find it.
 */
export function createSessionClients<C>(
  createClient: (region: string, credentials: Omit<SessionCredentials, 'expiration'>) => C,
): (credentials: SessionCredentials, region: string) => C {
  const clients = new WeakMap<SessionCredentials, Map<string, C>>();
  return (credentials, region) => {
    const byRegion = clients.get(credentials) ?? new Map<string, C>();
    clients.set(credentials, byRegion);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    // Without the expiration: the SDK would hold calls back near it, while the sessions are renewed ahead of it anyway.
    const client = byRegion.get(region) ?? createClient(region, { accessKeyId, secretAccessKey, sessionToken });
    byRegion.set(region, client);
    return client;
  };
}
