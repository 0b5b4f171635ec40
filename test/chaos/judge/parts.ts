import type { Put } from '../journal.ts';
import { anyMarkOf, type TrueRecord } from '../objects.ts';
import type { DueEvent } from './events.ts';

/** A record that is longer than an event may be comes in parts, each with a marker that says which it is. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** Ordinal of the record in its object, as the marker says. */
  readonly record: number;
  readonly text: string;
  readonly mark: ReturnType<typeof anyMarkOf>;
}

/** Those of a record that were found: by their numbers, each with the calls that brought it. */
export interface Parts {
  readonly of: number;
  readonly found: Map<number, { readonly text: string; readonly puts: Put[] }>;
}

const MARKER = /^\[part (\d+)\/(\d+) of record (\d+)\] /;

/** @returns undefined for an event that is no part */
export function readPart(message: string): Part | undefined {
  const match = MARKER.exec(message);
  if (!match) return undefined;
  const text = message.slice(match[0].length);
  return { number: Number(match[1]), of: Number(match[2]), record: Number(match[3]), text, mark: anyMarkOf(text) };
}

/** @returns false for what is no part of this record */
export function addPart(parts: Map<number, Parts>, record: TrueRecord, at: number, part: Part, put: Put): boolean {
  const some = parts.get(at) ?? { of: part.of, found: new Map() };
  const { text, puts } = some.found.get(part.number) ?? { text: part.text, puts: [] };
  if (part.record !== at || part.of !== some.of || part.number < 1 || part.number > part.of) return false;
  if (text !== part.text || !record.message.includes(text)) return false;
  puts.push(put);
  some.found.set(part.number, { text, puts });
  parts.set(at, some);
  return true;
}

/** @returns undefined where the parts are not all there, or are another text together */
export function joinParts({ of, found }: Parts, record: number, message: string): readonly DueEvent[] | undefined {
  const parts = Array.from({ length: of }, (_, at) => found.get(at + 1));
  if (parts.map((part) => part?.text ?? '').join('') !== message) return undefined;
  return parts.map((part) => {
    const { text = '', puts = [] } = part ?? {};
    return { record, part: true, bytes: Buffer.byteLength(text), copies: puts };
  });
}
