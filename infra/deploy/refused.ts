/** Something that is not done, whoever asks; the message says why and what to do. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
