/** A budget that refills with time. It may be overdrawn: what is larger than a second's worth goes all the same, and is paid off afterwards. */
export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** The bucket with what has come in since; it holds a second's worth, and one token at least. */
export function refill(bucket: TokenBucket, perSecond: number, nowMs: number): TokenBucket {
  const gained = (Math.max(0, nowMs - bucket.atMs) * perSecond) / 1000;
  return { tokens: Math.min(Math.max(1, perSecond), bucket.tokens + gained), atMs: nowMs };
}

/** Milliseconds until there is a token; 0 when there is one. */
export function untilToken({ tokens }: TokenBucket, perSecond: number): number {
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 1000) / perSecond);
}

export function spend(bucket: TokenBucket, amount: number): TokenBucket {
  return { ...bucket, tokens: bucket.tokens - amount };
}
