/** Bytes that something begins with. */
export type Sign = Buffer;

/** @param hex with spaces between the bytes, or not */
export function bytesOf(hex: string): Sign {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** The first byte alone rules nearly all out, and every object is asked for many of them. */
export function begins(head: Buffer, sign: Sign): boolean {
  return head[0] === sign[0] && head.subarray(0, sign.length).equals(sign);
}

/** The name of the first sign in a list that bytes begin with. */
export function nameBySign(signs: readonly (readonly [string, Sign])[], head: Buffer): string | undefined {
  return signs.find(([, sign]) => begins(head, sign))?.[0];
}
