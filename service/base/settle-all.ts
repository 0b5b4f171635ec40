/**
 * Promise.all that waits for all of them, also when one has failed: for work that writes to memory which is given back afterwards.
 * @throws what the first of the list that failed threw
 */
export async function settleAll<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
