/**
 * Sets an entry of a map in the order of last use, and evicts the least recently used entry if there are more than `max`.
 * @returns the evicted key, if there is one
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
