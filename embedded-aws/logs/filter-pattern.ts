import { invalid } from './names.ts';

/**
 * Filter patterns for unstructured text (CloudWatch Logs user guide, "Filter pattern syntax"): every term must be in the
 * message, terms with `?` are alternatives, terms with `-` must not be there. Case-sensitive. Patterns over JSON, over
 * space-delimited fields and regular expressions are refused here, not ignored.
 * @throws AwsError InvalidParameterException
 */
export function parseFilterPattern(pattern: string): (message: string) => boolean {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (/^[{[]/.test(text) || text.includes('%')) {
    throw invalid(`Invalid filter pattern: ${text} (only terms are understood by this emulation)`);
  }
  const all: string[] = [];
  const any: string[] = [];
  const none: string[] = [];
  const term = /\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/y;
  for (let at = 0; at < text.length; at = term.lastIndex) {
    term.lastIndex = at;
    const match = term.exec(text);
    if (!match) throw invalid(`Invalid filter pattern: ${text}`);
    const [, sign, quoted, plain] = match;
    const word = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
    (sign === '?' ? any : sign === '-' ? none : all).push(word);
  }
  return (message) =>
    all.every((word) => message.includes(word)) &&
    // Together with other terms, alternatives do not count.
    (any.length === 0 || all.length > 0 || any.some((word) => message.includes(word))) &&
    !none.some((word) => message.includes(word));
}
