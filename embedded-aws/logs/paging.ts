import { constraint, type Input, invalid, optionalNumber } from './names.ts';

/** @returns `limit` of a request, or the most that a page may hold
 *  @throws AwsError */
export function pageSize(input: Input, most: number): number {
  const limit = optionalNumber(input, 'limit') ?? most;
  if (limit < 1) throw constraint('limit', limit, 'have value greater than or equal to 1');
  if (limit > most) throw constraint('limit', limit, `have value less than or equal to ${most}`);
  return limit;
}

/** A page of an ordered list; its token is the key of its last item, so that a list which changes skips nothing. */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  limit: number,
  token: string | undefined,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const after = token === undefined ? -1 : items.findIndex((item) => keyOf(item) === decodeToken(token));
  if (token !== undefined && after < 0) throw invalid('The specified nextToken is invalid.');
  const found = items.slice(after + 1, after + 1 + limit);
  const last = found.at(-1);
  const more = after + 1 + limit < items.length;
  return { items: found, nextToken: more && last !== undefined ? encodeToken(keyOf(last)) : undefined };
}

export function encodeToken(value: string): string {
  return Buffer.from(value).toString('base64');
}

export function decodeToken(token: string): string {
  return Buffer.from(token, 'base64').toString();
}
