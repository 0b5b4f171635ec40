/** Binary values of DynamoDB, which JSON carries in base64. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Reads a JSON text with attribute values. @throws SyntaxError */
export function readItems(text: string): object {
  const value = JSON.parse(text);
  return /"BS?":/.test(text) ? (withBytes(value) as object) : value;
}

/** Writes an input with attribute values as JSON. */
export function writeItems(input: object): string {
  return JSON.stringify(input, function (this: Record<string, unknown>, name, value) {
    // A Buffer has a form of its own for JSON, which is what `value` is.
    const bytes = this[name];
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64') : value;
  });
}

/** An attribute value is an object whose one member is its type. */
function withBytes(value: Json): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [[type, content]] = entries as [[string, Json]];
    if (type === 'B' && typeof content === 'string') return { B: bytesOf(content) };
    if (type === 'BS' && Array.isArray(content) && content.every((one) => typeof one === 'string'))
      return { BS: content.map(bytesOf) };
  }
  return Object.fromEntries(entries.map(([name, content]) => [name, withBytes(content)]));
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
