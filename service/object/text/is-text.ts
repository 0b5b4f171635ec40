/** What is looked at. */
const LOOK_BYTES = 16 * 1024;
const NEWLINE = 0x0a;

/** Control characters that stand in text: tab, the line ends, and what terminals and printers get: bell to form feed, escape. */
const IN_TEXT = [0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b];
const FIRST_PRINTABLE = 0x20;

/**
 * Whether bytes may be lines of text, in UTF-8 or in an encoding like it: most of the first lines hold no control character that text
 * has no use for. Compressed and encrypted data has them in one of ten bytes.
 */
export function isText(head: Uint8Array): boolean {
  const end = Math.min(head.length, LOOK_BYTES);
  let lines = 0;
  let binary = 0;
  for (let from = 0; from < end; ) {
    const newline = head.indexOf(NEWLINE, from);
    const lineEnd = newline === -1 || newline > end ? end : newline;
    if (lineEnd > from) lines++;
    if (hasControls(head, from, lineEnd)) binary++;
    from = lineEnd + 1;
  }
  return binary * 2 <= lines;
}

function hasControls(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < FIRST_PRINTABLE && !IN_TEXT.includes(byte)) return true;
  }
  return false;
}
