/**
 * How the text of an object is cut into records. `docs/reference/formats.md` says how each is recognised; a tenant's item may name it
 * instead.
 *
 * - `ndjson`: a record a line. Objects that stand behind one another in a line are records too.
 * - `ndjson-cr`: the same where lines end with carriage returns alone.
 * - `json-array`: the elements of arrays.
 * - `json-objects`: objects behind one another, over any number of lines.
 * - `cloudtrail`: the same, and of an object with `Records` its elements.
 * - `cloudwatch-logs`: the same, and of an object with `logEvents` its elements.
 */
export const SHAPES = ['ndjson', 'ndjson-cr', 'json-array', 'json-objects', 'cloudtrail', 'cloudwatch-logs'] as const;

export type Shape = (typeof SHAPES)[number];
