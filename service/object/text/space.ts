/** UTF-8's, which some writers put in front of a text. */
export const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;

/** What JSON calls white space. */
export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === 0x09;
}

export function isLineEnd(byte: number | undefined): boolean {
  return byte === NEWLINE || byte === CARRIAGE_RETURN;
}

/** White space, or part of the byte order mark that some writers put in front. */
export function isBlank(byte: number | undefined, offset: number): boolean {
  return isSpace(byte) || (offset < BYTE_ORDER_MARK.length && byte === BYTE_ORDER_MARK[offset]);
}
