import { DistributorError } from '../base/errors.ts';

/** The object is not what it claims to be. Whoever opened it says which object that is. */
export function corrupt(what: string, cause?: unknown): DistributorError {
  return new DistributorError('object-corrupt', what, { cause });
}

/** The object may be right, but is of a kind that the service does not read, or not in bounded memory. */
export function unsupported(what: string): DistributorError {
  return new DistributorError('object-unsupported', what);
}
