import type { STSClient } from '@aws-sdk/client-sts';
import type { Settings } from '../base/settings.ts';
import { type ClientPlace, createStsClient } from './clients.ts';
import { createRoleSessions, type RoleSessionsDeps } from './roles.ts';

/**
 * The client that assumes tenants' roles: with the identity of the process, or by way of the distributor's role (a first hop) where
 * the settings name one.
 */
export function createTenantSts(
  settings: ClientPlace & Pick<Settings, 'distributorRoleArn'>,
  deps: Omit<RoleSessionsDeps, 'sts'>,
): STSClient {
  const { distributorRoleArn } = settings;
  if (distributorRoleArn === undefined) return createStsClient(settings);
  const firstHop = createRoleSessions({ sts: createStsClient(settings), ...deps });
  const request = { roleArn: distributorRoleArn, externalId: undefined, tags: {} };
  return createStsClient(settings, () => firstHop.credentials(request));
}
