/**
 * Sets an entry of a map that is kept in the order of last use, and lets the one go that was not used for longest, where there are
 * more than `max`.
 * @returns the key that had to go, if one had to
 */
export function toNewest<K, T>(map: Map<K, T>, key: K, value: T, max: number): K | undefined {
  // Deleting and setting puts it at the end.
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return undefined;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return oldest;
  }
  return undefined;
}
