import type { StallWatch } from '../../service/aws/s3-source.ts';

/** For requests that never stall. */
export const NO_STALL: StallWatch = () => ({ touch() {}, clear() {} });

/** Requests that stall when the test says so. */
export function createTestStalls() {
  let touches = 0;
  let latest: (() => void) | undefined;
  const watchStall: StallWatch = (onStall) => {
    latest = onStall;
    return {
      touch() {
        touches++;
      },
      clear() {},
    };
  };
  return {
    watchStall,
    /** How many pieces of bodies have arrived, of all requests. */
    touches: () => touches,
    /** Makes the latest request stall. */
    stall: () => latest?.(),
  };
}
