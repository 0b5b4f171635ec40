/** What is looked at. */
const LOOK_BYTES = 4 * 1024;

/** Control characters, but for those that stand in text: tab, the line ends, and what terminals and printers get, bell to form feed, escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u0006\u000e-\u001a\u001c-\u001f]/;

/**
 * Whether bytes may be lines of text, in UTF-8 or in an encoding like it: most of the first lines hold no control character that text
 * has no use for. Compressed and encrypted data has them in one of ten bytes.
 */
export function isText(head: Buffer): boolean {
  const text = head.toString('latin1', 0, LOOK_BYTES);
  if (!CONTROL.test(text)) return true;
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.filter((line) => CONTROL.test(line)).length * 2 <= lines.length;
}
