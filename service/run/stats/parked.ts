import { lruSet } from '../../base/lru.ts';
import { TENANTS_MAX } from '../../core/tenants-max.ts';

/**
 * Messages that wait in the queue because their tenant's destinations take nothing, or have not answered yet. SQS tells
 * nobody whose messages are invisible, so each process remembers what it gave back until it comes back, to whomever. The
 * counts of all processes add up to the tenant's.
 */
export interface Parked {
  /**
   * A message goes back for so long.
   * @param deadLetterAtMs when it becomes a dead letter if nothing changes, epoch milliseconds; undefined: not at all so far
   */
  add(tenants: Iterable<string>, seconds: number, deadLetterAtMs: number | undefined): void;
  of(tenant: string): ParkedMessages;
  /** Tenants with parked messages. */
  tenants(): readonly string[];
}

export interface ParkedMessages {
  readonly messages: number;
  /** When the first of them becomes a dead letter, epoch milliseconds; undefined: none will. */
  readonly firstDeadLetterMs: number | undefined;
}

/** Messages are told apart by when they come back, in steps of this; none stays away for longer than an hour. */
const STEP_MS = 15_000;
const STEPS_MAX = 242;

interface Step {
  messages: number;
  firstDeadLetterMs: number;
}

export function createParked(nowMs: () => number): Parked {
  /** For each tenant, by the step in which messages come back. */
  const parked = new Map<string, Map<number, Step>>();

  const stepsOf = (tenant: string): Map<number, Step> | undefined => {
    const steps = parked.get(tenant);
    const current = Math.floor(nowMs() / STEP_MS);
    for (const step of steps?.keys() ?? []) if (step < current) steps?.delete(step);
    if (steps?.size === 0) parked.delete(tenant);
    return steps;
  };

  return {
    add(tenants, seconds, deadLetterAtMs = Number.POSITIVE_INFINITY) {
      const backAt = Math.floor((nowMs() + seconds * 1000) / STEP_MS);
      const at = Math.min(backAt, Math.floor(nowMs() / STEP_MS) + STEPS_MAX);
      for (const tenant of tenants) {
        const steps = stepsOf(tenant) ?? new Map<number, Step>();
        const before = steps.get(at) ?? { messages: 0, firstDeadLetterMs: Number.POSITIVE_INFINITY };
        steps.set(at, {
          messages: before.messages + 1,
          firstDeadLetterMs: Math.min(before.firstDeadLetterMs, deadLetterAtMs),
        });
        lruSet(parked, tenant, steps, TENANTS_MAX);
      }
    },
    of(tenant) {
      const steps = [...(stepsOf(tenant)?.values() ?? [])];
      const first = Math.min(...steps.map(({ firstDeadLetterMs }) => firstDeadLetterMs));
      return {
        messages: steps.reduce((sum, { messages }) => sum + messages, 0),
        firstDeadLetterMs: Number.isFinite(first) ? first : undefined,
      };
    },
    tenants: () => [...parked.keys()].filter((tenant) => (stepsOf(tenant)?.size ?? 0) > 0),
  };
}
