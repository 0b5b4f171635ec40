import { lruSet } from '../../base/lru.ts';

/**
 * What CloudWatch Logs has said of the retention of log groups while one object is delivered: that events of some age are expired.
 * Older events of the same group then are too, and need not be sent to hear it again. The retention that a tenant's item names
 * proves nothing: it is set when the service creates the group, and a group's owner sets what he likes. For the same reason
 * nothing is remembered beyond the object: a redrive that follows a longer retention must reach CloudWatch Logs.
 */
export interface KnownExpiry {
  /** Events of the group up to this time are expired; -Infinity where nothing is known. */
  upToMs(group: string): number;
  /** The service has called an event of the group expired. @param timeMs the event's */
  learn(group: string, timeMs: number): void;
}

const GROUPS_MAX = 1_000;

export function createKnownExpiry(): KnownExpiry {
  const groups = new Map<string, number>();
  const upToMs = (group: string) => groups.get(group) ?? Number.NEGATIVE_INFINITY;
  return {
    upToMs,
    learn(group, timeMs) {
      lruSet(groups, group, Math.max(timeMs, upToMs(group)), GROUPS_MAX);
    },
  };
}
