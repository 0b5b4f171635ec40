import type { RateLimitedCall, RateLimiter } from '../../service/delivery/rate-limiter.ts';

/** A call of a tenant without a cap. */
export const CALL: RateLimitedCall = {
  tenantId: 'acme',
  type: 'cloudwatch',
  destination: 'logs/1/us-east-1',
  bytes: 1_000,
  bytesPerSecondMax: undefined,
};

/** Lets every call go at once, and remembers which destinations refused one. */
export function createFreeRateLimiter(): RateLimiter & { readonly throttles: readonly string[] } {
  const throttles: string[] = [];
  return {
    throttles,
    ready:
      async ({ destination }) =>
      (answer) => {
        if (answer === 'refused') throttles.push(destination);
      },
  };
}
