import { DistributorError } from './errors.ts';

/**
 * A value that is there by our own invariants: of a column at one of its records, of a table at one of its numbers. Costs a comparison,
 * so it may stand in loops over records. Loops over bytes, whose bounds are checked around them, say `as number` instead.
 * @param what is missing, for the error
 * @throws DistributorError `invariant-broken` when it is not there
 */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new DistributorError('invariant-broken', `${what} is missing`);
  return value;
}
