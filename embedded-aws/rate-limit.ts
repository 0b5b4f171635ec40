/**
 * A token bucket, full at first, as large as one second's calls: what AWS throttles by, as far as it says.
 * @returns takes a token. @returns whether there was one
 */
export function createRateLimit(perSecond: number): (nowMs: number) => boolean {
  const tokensMax = Math.max(1, perSecond);
  let tokens = tokensMax;
  let atMs: number | undefined;
  return (nowMs) => {
    tokens = Math.min(tokensMax, tokens + ((nowMs - (atMs ?? nowMs)) * perSecond) / 1000);
    atMs = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
