import type { Pace } from '../../service/delivery/pace.ts';

/** Lets every call go at once, and remembers which destinations throttled. */
export function createFreePace(): Pace & { readonly throttles: readonly string[] } {
  const throttles: string[] = [];
  return {
    throttles,
    ready: async () => {},
    throttled: ({ destination }) => {
      throttles.push(destination);
    },
  };
}
