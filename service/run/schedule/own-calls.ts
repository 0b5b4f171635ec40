import { setTimeout as delay } from 'node:timers/promises';
import { DistributorError } from '../../base/errors.ts';
import { throwIfStopped } from '../../delivery/destination.ts';
import type { RateLimiter } from '../../delivery/rate-limiter.ts';
import type { RateLimits } from './rate-limits.ts';

export interface OwnCallsDeps {
  readonly rateLimits: Pick<RateLimits, 'ask' | 'answered'>;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

/** A call of the service's own waits so long for its turn. */
const PATIENCE_MS = 20_000;

/**
 * The rate limits of destinations for calls of the service's own from the main thread. Within a rate that is known they take their turn; they
 * start none, as one small call in a minute says nothing of what a destination takes, and after a refusal they do not ask again.
 */
export function createOwnCalls({ rateLimits, nowMs }: OwnCallsDeps): RateLimiter {
  const refused = new WeakSet<object>();
  return {
    async ready(call, signals) {
      const { destination, tenantId } = call;
      const untilMs = nowMs() + PATIENCE_MS;
      for (;;) {
        throwIfStopped(signals);
        const permit = rateLimits.ask(call);
        const leftMs = untilMs - nowMs();
        if (refused.has(call) || (permit.kind !== 'go' && permit.ms > leftMs)) {
          throw new DistributorError('destination-throttled', `tenant ${tenantId}: ${destination} takes no call now`);
        }
        if (permit.kind === 'go') {
          return (answer) => {
            if (answer === 'refused') refused.add(call);
            const { round } = permit;
            if (round !== undefined) rateLimits.answered({ destination, round, answer, acceptedLately: 0 });
          };
        }
        const stop = AbortSignal.any([signals.drain, signals.abort]);
        await delay(permit.ms, undefined, { signal: stop }).catch(() => {});
      }
    },
  };
}
