import type { PieceReader } from './piece-reader.ts';

/** Text of 16-bit units with a mark in front, as UTF-8 without one. Units that are no character become U+FFFD. */
export async function* decodeUtf16(
  reader: PieceReader,
  order: 'le' | 'be',
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new TextDecoder(`utf-16${order}`);
  for (let piece = await reader.piece(); piece; piece = await reader.piece()) {
    const text = decoder.decode(piece, { stream: true });
    reader.use(piece.length);
    if (text !== '') yield Buffer.from(text, 'utf8');
  }
  const rest = decoder.decode();
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}
