/**
 * Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002): leaves out half of the items, a
 * quarter, and so on, as long as what is left still fails.
 * @param fails is asked about subsets, in the order of the items; it fails with all of them
 * @returns items of which none can be left out, as far as so many trials could tell
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (some: readonly T[]) => Promise<boolean>,
  trialsMax: number,
): Promise<readonly T[]> {
  let left = items;
  let parts = 2;
  let trials = 0;
  while (left.length > 0 && trials < trialsMax) {
    const size = Math.ceil(left.length / parts);
    let without: readonly T[] | undefined;
    for (let from = 0; from < left.length && trials < trialsMax && !without; from += size) {
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      trials++;
      if (await fails(rest)) without = rest;
    }
    if (without) {
      left = without;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) {
      return left;
    } else {
      parts = Math.min(left.length, 2 * parts);
    }
  }
  return left;
}
