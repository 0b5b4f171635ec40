import { toNewest } from '../base/newest.ts';

/**
 * What CloudWatch Logs has said lately of the retention of log groups: that events of some age are expired. Older events of the same
 * group then are too, and need not be sent to hear it again. The retention that a tenant's item names proves nothing: it is set
 * when the service creates the group, and a group's owner sets what he likes.
 */
export interface KnownExpiry {
  /** Events of the group up to this time are expired; -Infinity where nothing is known. */
  upToMs(group: string): number;
  /** The service has called an event of the group expired. @param timeMs the event's */
  learn(group: string, timeMs: number): void;
}

/** A group's owner may have set a longer retention since: then it is found out with the first batch after this. */
const KNOWN_MS = 10 * 60_000;
const GROUPS_MAX = 1_000;

interface Known {
  readonly expiredMs: number;
  readonly untilMs: number;
}

/** @param nowMs a clock that never goes back, milliseconds */
export function createKnownExpiry(nowMs: () => number): KnownExpiry {
  const groups = new Map<string, Known>();

  const upToMs = (group: string): number => {
    const known = groups.get(group);
    return known && nowMs() < known.untilMs ? known.expiredMs : Number.NEGATIVE_INFINITY;
  };
  return {
    upToMs,
    learn(group, timeMs) {
      if (timeMs <= upToMs(group)) return;
      toNewest(groups, group, { expiredMs: timeMs, untilMs: nowMs() + KNOWN_MS }, GROUPS_MAX);
    },
  };
}
