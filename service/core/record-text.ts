import { type Chunk, FORM_JSON } from './chunk.ts';

/** The message of a record as text: for splitting and for quarantine, not for the hot path. */
export function recordText(chunk: Chunk, record: number): string {
  const { bytes, start, length, form } = chunk.messages;
  const from = start[record] ?? 0;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, length[record] ?? 0).toString('utf8');
  return form[record] === FORM_JSON ? String(JSON.parse(`"${text}"`)).toWellFormed() : text;
}
