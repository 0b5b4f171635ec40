import type { Pace, PacedCall } from '../../service/delivery/pace.ts';

/** A call of a tenant without a cap. */
export const CALL: PacedCall = {
  tenantId: 'acme',
  type: 'cloudwatch',
  destination: 'logs/1/us-east-1',
  bytes: 1_000,
  bytesPerSecondMax: undefined,
};

/** Lets every call go at once, and remembers which destinations refused one. */
export function createFreePace(): Pace & { readonly throttles: readonly string[] } {
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
