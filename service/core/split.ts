import type { Chunk } from './chunk.ts';
import { recordText } from './record-text.ts';

/** A piece of a record whose message is longer than an event may be. */
export interface Part {
  readonly record: number;
  readonly text: string;
  readonly size: number;
  /** True for a record's first part: the one by which the record is counted. */
  readonly first: boolean;
}

/** Room for the longest marker: two numbers of parts and the record's ordinal. */
const MARKER_BYTES_MAX = 80;

/**
 * Splits a message that is longer than an event may be. Every part begins with a marker that tells which part of which
 * record of the object it is, so that a reader can join them again; nothing is cut off. Cuts fall between characters.
 * @param messageBytesMax UTF-8 bytes of a part, its marker included
 */
export function splitMessage(chunk: Chunk, record: number, messageBytesMax: number): Part[] {
  const bytes = Buffer.from(recordText(chunk, record), 'utf8');
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = characterBoundary(bytes, Math.min(bytes.length, from + messageBytesMax - MARKER_BYTES_MAX));
    pieces.push(bytes.subarray(from, to));
    from = to;
  }
  return pieces.map((piece, at) => {
    const text = `[part ${at + 1}/${pieces.length} of record ${chunk.at.record + record}] ${piece.toString('utf8')}`;
    return { record, text, size: Buffer.byteLength(text), first: at === 0 };
  });
}

/** The nearest boundary at or before `at`: UTF-8 continuation bytes are 10xxxxxx. */
function characterBoundary(bytes: Buffer, at: number): number {
  let boundary = at;
  while (boundary < bytes.length && ((bytes[boundary] as number) & 0xc0) === 0x80) boundary--;
  return boundary;
}
