/** XML as far as S3 and the query protocol need it: elements and text. */

/** Escapes for text and attributes; characters that XML 1.0 cannot hold become numeric references, as S3 writes them. */
export function text(value: string): string {
  return value.replace(/[&<>"']|[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\r/gu, (char) => {
    const named = ENTITY_OF.get(char);
    return named ?? `&#x${(char.codePointAt(0) ?? 0).toString(16)};`;
  });
}

export function element(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${text(String(value))}</${name}>`;
}

const ENTITY_OF = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]);
const CHARACTER_OF = new Map([...ENTITY_OF].map(([char, entity]) => [entity.slice(1, -1), char]));

export interface XmlElement {
  /** Without a namespace prefix. */
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const DEPTH_MAX = 32;

/** @throws SyntaxError for anything that is no well-formed document of elements and text */
export function parseXml(source: string): XmlElement {
  const open: { name: string; text: string; children: XmlElement[] }[] = [{ name: '', text: '', children: [] }];
  const token =
    /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<(\/?)([\w.-]+(?::[\w.-]+)?)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/y;
  const body = source.replace(/^\ufeff/, '');
  for (let at = 0; at < body.length; at = token.lastIndex) {
    token.lastIndex = at;
    const match = token.exec(body);
    const top = open.at(-1);
    if (!match || !top) throw new SyntaxError(`XML is malformed at ${at}`);
    const [, closing, tag, , empty, characters] = match;
    if (characters !== undefined) top.text += decodeEntities(characters);
    if (tag === undefined) continue;
    const name = tag.replace(/^.*:/, '');
    if (closing === '/') {
      const done = open.pop();
      if (done?.name !== name || open.length === 0) throw new SyntaxError(`XML element ${name} is not open`);
      open.at(-1)?.children.push(done);
    } else if (empty === '/') top.children.push({ name, text: '', children: [] });
    else if (open.length > DEPTH_MAX) throw new SyntaxError('XML is nested too deeply');
    else open.push({ name, text: '', children: [] });
  }
  const [root, ...others] = open[0]?.children ?? [];
  if (open.length !== 1 || !root || others.length > 0) throw new SyntaxError('XML is not one element');
  return root;
}

export function child(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((item) => item.name === name);
}

export function childText(parent: XmlElement, name: string): string | undefined {
  return child(parent, name)?.text;
}

export function childrenOf(parent: XmlElement, name: string): XmlElement[] {
  return parent.children.filter((item) => item.name === name);
}

function decodeEntities(value: string): string {
  return value.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    const char = CHARACTER_OF.get(name);
    if (char === undefined) throw new SyntaxError(`XML has an unknown entity ${whole}`);
    return char;
  });
}
