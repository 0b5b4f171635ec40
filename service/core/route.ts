import type { Chunk, RecordField, TextColumn } from './chunk.ts';
import type { Delivery } from './delivery.ts';
import type { NameTemplate, TemplateVariable } from './template.ts';

/** Where an event goes: a log stream of a log group. One object for each pair, so that identity can be compared. */
export interface Route {
  readonly group: string;
  readonly stream: string;
}

const DAY_MS = 24 * 3_600_000;
/** Column sizes multiply into one key as long as the product stays an exact integer. */
const KEY_SPACE_MAX = 2 ** 53;

/**
 * Combinations of values that get routes of their own in a chunk: each is a call, and a stream in the tenant's account.
 * A cluster has hundreds of pods; whoever has more distinct values than this in 16 MB writes what is no name.
 */
export const ROUTES_MAX = 2_000;
/** Stands for every value in the route of the records beyond. */
const OVERFLOW = 'overflow';

export interface Router {
  routeOf(record: number, timeMs: number): Route;
  /** Where records go whose combination of values is one too many; undefined while none is. */
  readonly overflow: Route | undefined;
}

/**
 * Gives records their routes. Names are rendered once for each distinct combination of values, not once for each record,
 * and in the order of the records: the same chunk gives the same routes.
 */
export function createRouter(chunk: Chunk, delivery: Delivery, keyFields: Readonly<Record<string, string>>): Router {
  const { group, stream } = delivery.target;
  const variables = [...new Set([...group.variables, ...stream.variables])];
  const usesDate = variables.includes('date');
  const fields = variables.filter((name): name is Exclude<TemplateVariable, 'date'> => name !== 'date');
  const columns = fields.map((field) => chunk.fields[field]).filter((column) => column !== undefined);
  const byKey = new Map<number | string, Route>();
  const byName = new Map<string, Route>();
  const keyOf = createKeyOf(columns, usesDate);
  let overflow: Route | undefined;

  const render = (value: (name: TemplateVariable) => string): Route => {
    const name = (template: NameTemplate) => template.render(template.variables.map(value));
    const route = { group: name(group), stream: name(stream) };
    // Different values may sanitize to one name; they must share one route, or they would not share batches.
    const fullName = `${route.group}\n${route.stream}`;
    const known = byName.get(fullName);
    if (known) return known;
    byName.set(fullName, route);
    return route;
  };

  const overflowing = (): Route => {
    overflow ??= render(() => OVERFLOW);
    return overflow;
  };

  let lastKey: number | string = -1;
  let lastRoute: Route | undefined;
  return {
    routeOf(record, timeMs) {
      const key = keyOf(record, timeMs);
      if (key === lastKey && lastRoute) return lastRoute;
      let route = byKey.get(key);
      if (!route && byKey.size < ROUTES_MAX) {
        route = render((name) =>
          name === 'date' ? dateOf(timeMs) : textOf(chunk, name, record) || keyFields[name] || '',
        );
        byKey.set(key, route);
      }
      lastKey = key;
      lastRoute = route ?? overflowing();
      return lastRoute;
    },
    get overflow() {
      return overflow;
    },
  };
}

/** A number, or a text where the columns have too many values for one, that stands for a record's combination of values. */
function createKeyOf(
  columns: readonly TextColumn[],
  usesDate: boolean,
): (record: number, timeMs: number) => number | string {
  // 2^27 days are more than a Date can hold.
  const space = columns.reduce((product, column) => product * column.values.length, usesDate ? 2 ** 27 : 1);
  const day = (timeMs: number) => (usesDate ? Math.floor(timeMs / DAY_MS) : 0);
  if (space < KEY_SPACE_MAX) {
    return (record, timeMs) => {
      let key = day(timeMs);
      for (const column of columns) key = key * column.values.length + (column.index[record] ?? 0);
      return key;
    };
  }
  return (record, timeMs) => `${day(timeMs)}:${columns.map((column) => column.index[record] ?? 0).join(':')}`;
}

function textOf(chunk: Chunk, field: RecordField, record: number): string {
  const column = chunk.fields[field];
  return column?.values[column.index[record] ?? 0] ?? '';
}

/** UTC date of an event, `2026-11-23`: a replay next week lands in the stream of the first delivery. */
function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
