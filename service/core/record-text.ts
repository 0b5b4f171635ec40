import { present } from '../base/present.ts';
import { type Chunk, FORM_JSON } from './chunk.ts';

/** The message of a record as text: for splitting and for quarantine, not for the hot path. */
export function recordText(chunk: Chunk, record: number): string {
  const { bytes, start, length, form } = chunk.messages;
  const from = present(start[record], 'the start of a message');
  const size = present(length[record], 'the length of a message');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, size).toString('utf8');
  return form[record] === FORM_JSON ? String(JSON.parse(`"${text}"`)).toWellFormed() : text;
}
