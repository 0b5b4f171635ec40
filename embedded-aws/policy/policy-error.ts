/** A policy document that AWS would not take. The message is AWS's, as far as that is known. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}
