import { check, execute, formatDiagnostic } from '@bpinternal/verel';
import { z } from 'zod';

/**
 * Runs VRL programs in the WebAssembly build of VRL 0.25.0, on many events at once, as compiling takes longer than
 * running. The VRL that Vector 0.58.0 brings, differs from it in none of the functions that the programs use.
 *
 * What cannot be had here: bytes that are no UTF-8 (events come in as JSON). Vector's JSON encoder replaces these by
 * U+FFFD, as `Buffer.toString` does.
 */

export type Event = Readonly<Record<string, unknown>>;

const batch = z.object({ results: z.array(z.union([z.looseObject({}), z.array(z.looseObject({}))])) });

/** Errors and warnings of the compiler; empty when the program is sound, and so cannot fail at run time. */
export function diagnose(program: string): string[] {
  const { errors, warnings } = check(program);
  return [...errors, ...warnings].map(formatDiagnostic);
}

/** Events that one execution takes: pushing a result copies the results before it. */
const EVENTS_MAX = 100;

/**
 * What each event becomes: one event, or several when the program makes an array of it.
 * Times come from Vector's sources as timestamps, but are texts in JSON, so they are read first.
 */
export function runVrl(program: string, events: readonly Event[]): Event[][] {
  const parts = Math.ceil(events.length / EVENTS_MAX);
  return Array.from({ length: parts }, (_, part) =>
    runOnce(program, events.slice(part * EVENTS_MAX, (part + 1) * EVENTS_MAX)),
  ).flat();
}

function runOnce(program: string, events: readonly Event[]): Event[][] {
  // Indented, as VRL's lexer takes the second of two comment lines at the very left of a block for code.
  const indented = program.replace(/^/gm, '      ');
  const wrapped = `
    results = []
    for_each(array(.events) ?? []) -> |_number, one| {
      . = object(one) ?? {}
      .timestamp = parse_timestamp(.timestamp, "%+") ?? .timestamp
      .ingest_timestamp = parse_timestamp(.ingest_timestamp, "%+") ?? .ingest_timestamp
${indented}
      results = push(results, .)
    }
    . = { "results": results }`;
  const { results } = batch.parse(execute(wrapped, { events }).event);
  return results.map((result) => (Array.isArray(result) ? result : [result]));
}

/** For each event whether a condition of a `route` transform holds. */
export function holds(condition: string, events: readonly Event[]): boolean[] {
  return runVrl(`. = { "holds": ${condition} }`, events).map(([result]) => result?.holds === true);
}
