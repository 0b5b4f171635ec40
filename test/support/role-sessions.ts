import { createRoleSessions, type RoleSessions, type RoleSessionsDeps } from '../../service/aws/roles.ts';

/** Sessions as the service keeps them, by the machine's clocks. */
export function createTestSessions(sts: RoleSessionsDeps['sts']): RoleSessions {
  return createRoleSessions({ sts, nowMs: () => performance.now(), epochMs: Date.now, onAssume: () => {} });
}
