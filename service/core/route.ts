import { present } from '../base/present.ts';
import type { Chunk, RecordField, TextColumn } from './chunk.ts';
import { COMBINATIONS_MAX, combine, type Keys } from './combinations.ts';
import type { Delivery } from './delivery.ts';
import type { RecordTimes } from './record-times.ts';
import type { NameTemplate, TemplateVariable } from './template.ts';

/** Where an event goes: a log stream of a log group. One object for each pair, so that identity can be compared. */
export interface Route {
  readonly group: string;
  readonly stream: string;
}

const DAY_MS = 24 * 3_600_000;

/**
 * Combinations of values that get routes of their own in a chunk: each is a call, and a stream in the tenant's account.
 * A cluster has hundreds of pods; whoever has more distinct values than this in 16 MB writes what is no name.
 */
export const ROUTES_MAX = COMBINATIONS_MAX;
/** Stands for every value in the route of the records beyond. */
const OVERFLOW = 'overflow';

export interface Routing {
  /** In the order in which records first come to them. */
  readonly routes: readonly Route[];
  /** For each of the given records, the number of its route. */
  readonly of: Uint32Array;
  /** Records that share one route because their combination of values is one too many. */
  readonly overflowed: number;
}

/**
 * Gives records their routes. Names are rendered once for each distinct combination of values, not once for each record,
 * and in the order of the records: the same chunk gives the same routes.
 * @param records in ascending order
 * @param times of all records of the chunk
 */
export function routeRecords(
  chunk: Chunk,
  records: Uint32Array,
  times: RecordTimes,
  delivery: Delivery,
  keyFields: Readonly<Record<string, string>>,
): Routing {
  const { group, stream } = delivery.target;
  const variables = [...new Set([...group.variables, ...stream.variables])];
  const routes: Route[] = [];
  const byName = new Map<string, number>();

  const render = (value: (name: TemplateVariable) => string): number => {
    const name = (template: NameTemplate) => template.render(template.variables.map(value));
    const route = { group: name(group), stream: name(stream) };
    // Different values may sanitize to one name; they must share one route, or they would not share batches.
    const fullName = `${route.group}\n${route.stream}`;
    const known = byName.get(fullName);
    if (known !== undefined) return known;
    byName.set(fullName, routes.length);
    return routes.push(route) - 1;
  };

  const { of, firsts } = combine(records.length, keysOf(chunk, variables, records, times));
  const routeOf = firsts.map((place, combination) => {
    if (combination === ROUTES_MAX) return render(() => OVERFLOW);
    const record = records[place] as number;
    return render((name) =>
      name === 'date' ? dateOf(times.ofMs[record] as number) : textOf(chunk, name, record) || keyFields[name] || '',
    );
  });
  // All of them are 0 already.
  if (firsts.length <= 1) return { routes, of, overflowed: 0 };
  const places = of.length;
  let overflowed = 0;
  for (let place = 0; place < places; place++) {
    const combination = of[place] as number;
    if (combination === ROUTES_MAX) overflowed++;
    of[place] = routeOf[combination] as number;
  }
  return { routes, of, overflowed };
}

function* keysOf(
  chunk: Chunk,
  variables: readonly TemplateVariable[],
  records: Uint32Array,
  { ofMs, earliestMs, latestMs }: RecordTimes,
): Generator<Keys> {
  for (const variable of variables) {
    // What all records share tells none from another.
    if (variable === 'date') {
      if (dayOf(earliestMs) !== dayOf(latestMs)) yield daysOf(records, ofMs);
    } else {
      const column = chunk.fields[variable];
      if (column && column.only === undefined) yield valuesOf(column, records);
    }
  }
}

function valuesOf({ index, values }: TextColumn, records: Uint32Array): Keys {
  const places = records.length;
  const of = new Uint32Array(places);
  for (let place = 0; place < places; place++) of[place] = index[records[place] as number] as number;
  return { of, space: values.length };
}

function daysOf(records: Uint32Array, timesMs: Float64Array): Keys {
  const places = records.length;
  const of = new Uint32Array(places);
  const known = new Map<number, number>();
  let number = 0;
  let fromMs = Number.NaN;
  for (let place = 0; place < places; place++) {
    const timeMs = timesMs[records[place] as number] as number;
    // Most records are of the day of the one before.
    if (!(timeMs >= fromMs && timeMs < fromMs + DAY_MS)) {
      fromMs = dayOf(timeMs) * DAY_MS;
      number = known.get(fromMs) ?? known.size;
      known.set(fromMs, number);
    }
    of[place] = number;
  }
  return { of, space: known.size };
}

function textOf(chunk: Chunk, field: RecordField, record: number): string {
  const column = chunk.fields[field];
  if (!column) return '';
  const number = present(column.index[record], 'the number of a field');
  return present(column.values[number], 'the value of a field');
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** UTC date of an event, `2026-11-23`: a replay next week lands in the stream of the first delivery. */
function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}
