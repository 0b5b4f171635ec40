import { DistributorError } from '../base/errors.ts';

/** The object is not what it claims to be. Whoever opened it says which object that is. */
export function corrupt(what: string, cause?: unknown): DistributorError {
  return new DistributorError('object-corrupt', what, { cause });
}

/** The object may be right, but is of a kind that the service does not read, or not in bounded memory. */
export function unsupported(what: string): DistributorError {
  return new DistributorError('object-unsupported', what);
}

/** Runs a decoding step; whatever a library throws on bad bytes becomes `object-corrupt`. */
export function orCorrupt<T>(what: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof DistributorError) throw error;
    throw corrupt(`${what}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}
