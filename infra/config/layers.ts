/** Settings as a file or a command line has them, before anything is checked. */
export type Group = Readonly<Record<string, unknown>>;

export function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Later layers win, setting by setting; a list takes the place of a list. */
export function layered(...layers: readonly Group[]): Group {
  const result: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) {
      if (value === undefined) continue;
      const below = result[name];
      result[name] = isGroup(below) && isGroup(value) ? layered(below, value) : value;
    }
  }
  return result;
}

type Path = readonly PropertyKey[];

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** A copy that lacks what lies at the paths, whole lists included where an entry is meant. */
export function without(value: Group, paths: readonly Path[]): Group {
  const copy = structuredClone(value);
  for (const path of paths) {
    const end = path.findIndex((key) => typeof key === 'number');
    const [last, ...before] = (end < 0 ? [...path] : path.slice(0, end)).reverse();
    const parent = valueAt(copy, before.reverse());
    if (last !== undefined && isGroup(parent)) Reflect.deleteProperty(parent, last);
  }
  return copy;
}
