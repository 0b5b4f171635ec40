/**
 * Sets an entry of a map that is kept in the order of last use (an LRU cache), and evicts the least recently used entry if there are more than `max`.
 * @returns the evicted key, if there is one
 */
export function lruSet<K, T>(map: Map<K, T>, key: K, value: T, max: number): K | undefined {
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
