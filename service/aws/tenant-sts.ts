import type { Settings } from '../base/settings.ts';
import type { Call, StsApi } from './api.ts';
import { type CallSettings, createStsCalls } from './calls.ts';
import { createRoleSessions, type RoleSessionsDeps } from './roles.ts';

/**
 * Assumes tenants' roles: with the identity of the process, or by way of the distributor's role (a first hop) where the settings name
 * one.
 */
export function createTenantSts(
  settings: CallSettings & Pick<Settings, 'distributorRoleArn'>,
  deps: Omit<RoleSessionsDeps, 'sts'>,
): Call<StsApi> {
  const { distributorRoleArn } = settings;
  if (distributorRoleArn === undefined) return createStsCalls(settings);
  const firstHop = createRoleSessions({ sts: createStsCalls(settings), ...deps });
  const request = { roleArn: distributorRoleArn, externalId: undefined, tags: {} };
  return createStsCalls(settings, () => firstHop.credentials(request));
}
