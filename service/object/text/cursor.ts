import { corrupt } from '../corrupt.ts';
import type { ValuePlace } from './value-splitter.ts';

/**
 * Cursors of text: where a record is, and in which format, as an offset into something else must not be followed. An object that one
 * version reads as lines may be an archive to the next.
 */

/** Formats whose cursors are bare numbers: the first that there were. Their offsets are those of lines, or of an array's elements. */
const PLAIN: ReadonlyMap<string, ValuePlace['within']> = new Map(
  (['ndjson', 'json-array'] as const).flatMap((shape) =>
    ['', '+gzip', '+zstd'].map((around) => [`${shape}${around}`, shape === 'ndjson' ? 'top' : 'array'] as const),
  ),
);
const LETTERS = { top: 't', array: 'a', events: 'e' } as const;
const PLACES: ReadonlyMap<string, ValuePlace['within']> = new Map([
  ['t', 'top'],
  ['a', 'array'],
  ['e', 'events'],
]);

export function formatCursor(format: string, { offset, within }: ValuePlace): string {
  return PLAIN.get(format) === within ? String(offset) : `${format}:${LETTERS[within]}${offset}`;
}

/** @throws DistributorError `object-corrupt` for a cursor of another format: who saved it has read the object as something else */
export function parseCursor(format: string, cursor: string): ValuePlace {
  if (cursor === '') return { offset: 0, within: 'top' };
  const [, of, letter = '', digits] = /^(?:([^:]+):([tae]))?(\d+)$/.exec(cursor) ?? [];
  const within = of === undefined ? PLAIN.get(format) : of === format ? PLACES.get(letter) : undefined;
  const offset = Number(digits);
  if (within === undefined || !Number.isSafeInteger(offset)) {
    throw corrupt(`the saved position ${cursor} is not one of ${format}: replay the object`);
  }
  return { offset, within };
}
