import { decimalText, floatText, numberText, SINGLE, uuidText } from './show.ts';
import { clockText, dateText, timestampText } from './show-times.ts';

/**
 * Values of the type VARIANT as JSON (parquet-format, VariantEncoding.md): a value says what it is itself, byte by byte, and the metadata
 * beside it holds the names of members.
 */

/** More than any encoding of that size says: offsets may refer to the same bytes again and again. */
const TEXT_LENGTH_MAX = 32 * 1024 * 1024;
const DEPTH_MAX = 500;

const NOTHING: ReadonlySet<string> = new Set();

/** What is wrong with a variant: its value cannot be shown. */
class BadVariant extends Error {}

/** @returns the JSON of the value; null where the bytes are broken or have no form in JSON */
export function variantText(metadata: Uint8Array, value: Uint8Array): string | null {
  return attempt(metadata, value, (read) => read.value());
}

/**
 * The members of an object, without its braces; null where the value is no object, or broken.
 * @param except names of members to leave out, as JSON texts
 */
export function variantMembers(metadata: Uint8Array, value: Uint8Array, except: ReadonlySet<string>): string | null {
  const isObject = ((value[0] ?? 0) & 3) === 2;
  return isObject ? attempt(metadata, value, (read) => read.members(except).join(',')) : null;
}

function attempt(metadata: Uint8Array, value: Uint8Array, use: (read: Reader) => string): string | null {
  try {
    return use(createReader(createBytes(metadata), createBytes(value)));
  } catch (error) {
    if (error instanceof BadVariant) return null;
    throw error;
  }
}

interface Reader {
  value(): string;
  /** Of the value, which is an object. */
  members(except: ReadonlySet<string>): string[];
}

type Bytes = ReturnType<typeof createBytes>;

/** Numbers are little endian. */
function createBytes(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const from = (at: number, length: number): number => {
    if (!(at >= 0 && length >= 0 && at + length <= buffer.length)) throw new BadVariant('it ends too soon');
    return at;
  };
  return {
    length: buffer.length,
    byte: (at: number) => buffer.readUInt8(from(at, 1)),
    number: (at: number, length: number) => buffer.readUIntLE(from(at, length), length),
    view: (at: number, length: number) => new DataView(buffer.buffer, buffer.byteOffset + from(at, length), length),
    text: (at: number, length: number) => JSON.stringify(buffer.toString('utf8', from(at, length), at + length)),
    base64: (at: number, length: number) => `"${buffer.toString('base64', from(at, length), at + length)}"`,
    part: (at: number, length: number) => buffer.subarray(from(at, length), at + length),
  };
}

function createReader(metadata: Bytes, bytes: Bytes): Reader {
  const nameOf = createNames(metadata);
  let values = 0;
  let length = 0;

  const member = (start: number, offset: number, depth: number): string => read(start + offset, depth + 1);

  const read = (at: number, depth: number): string => {
    // Every value has a byte of its own.
    if (++values > bytes.length || depth > DEPTH_MAX) throw new BadVariant('it refers to itself');
    const head = bytes.byte(at);
    const kind = head >> 2;
    const text = (() => {
      switch (head & 3) {
        case 0:
          return primitive(bytes, at + 1, kind);
        case 1:
          return bytes.text(at + 1, kind);
        case 2:
          return `{${membersOf(at + 1, kind, depth, NOTHING).join(',')}}`;
        default:
          return array(at + 1, kind, depth);
      }
    })();
    if (text === null) throw new BadVariant('it has no form in JSON');
    length += text.length;
    if (length > TEXT_LENGTH_MAX * 4 || text.length > TEXT_LENGTH_MAX) throw new BadVariant('it is too long');
    return text;
  };

  const membersOf = (at: number, kind: number, depth: number, except: ReadonlySet<string>): string[] => {
    const offsetBytes = (kind & 3) + 1;
    const idBytes = ((kind >> 2) & 3) + 1;
    const countBytes = kind & 0x10 ? 4 : 1;
    const count = bytes.number(at, countBytes);
    const ids = at + countBytes;
    const offsets = ids + count * idBytes;
    const start = offsets + (count + 1) * offsetBytes;
    if (start > bytes.length) throw new BadVariant('it ends too soon');
    const members: string[] = [];
    for (let i = 0; i < count; i++) {
      const name = nameOf(bytes.number(ids + i * idBytes, idBytes));
      if (except.has(name)) continue;
      members.push(`${name}:${member(start, bytes.number(offsets + i * offsetBytes, offsetBytes), depth)}`);
    }
    return members;
  };

  const array = (at: number, kind: number, depth: number): string => {
    const offsetBytes = (kind & 3) + 1;
    const countBytes = kind & 4 ? 4 : 1;
    const count = bytes.number(at, countBytes);
    const offsets = at + countBytes;
    const start = offsets + (count + 1) * offsetBytes;
    if (start > bytes.length) throw new BadVariant('it ends too soon');
    const elements = Array.from({ length: count }, (_, i) =>
      member(start, bytes.number(offsets + i * offsetBytes, offsetBytes), depth),
    );
    return `[${elements.join(',')}]`;
  };

  return { value: () => read(0, 0), members: (except) => membersOf(1, bytes.byte(0) >> 2, 0, except) };
}

/** Names of members by their numbers, as JSON texts. */
function createNames(metadata: Bytes): (id: number) => string {
  const head = metadata.byte(0);
  if ((head & 0x0f) !== 1) throw new BadVariant('it is of another version');
  const size = (head >> 6) + 1;
  const count = metadata.number(1, size);
  const offsets = 1 + size;
  const start = offsets + (count + 1) * size;
  const names = new Map<number, string>();
  return (id) => {
    const known = names.get(id);
    if (known !== undefined) return known;
    if (id >= count) throw new BadVariant('it has a member without a name');
    const from = metadata.number(offsets + id * size, size);
    const name = metadata.text(start + from, metadata.number(offsets + (id + 1) * size, size) - from);
    names.set(id, name);
    return name;
  };
}

/** @param kind the number of the type (VariantEncoding.md, "Encoding types") */
function primitive(bytes: Bytes, at: number, kind: number): string | null {
  switch (kind) {
    case 0:
      return 'null';
    case 1:
      return 'true';
    case 2:
      return 'false';
    case 3:
      return String(bytes.view(at, 1).getInt8(0));
    case 4:
      return String(bytes.view(at, 2).getInt16(0, true));
    case 5:
      return String(bytes.view(at, 4).getInt32(0, true));
    case 6:
      return String(bytes.view(at, 8).getBigInt64(0, true));
    case 7:
      return numberText(bytes.view(at, 8).getFloat64(0, true));
    case 8:
      return decimalText(BigInt(bytes.view(at + 1, 4).getInt32(0, true)), bytes.byte(at));
    case 9:
      return decimalText(bytes.view(at + 1, 8).getBigInt64(0, true), bytes.byte(at));
    case 10: {
      const view = bytes.view(at + 1, 16);
      return decimalText((view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true), bytes.byte(at));
    }
    case 11:
      return dateText(bytes.view(at, 4).getInt32(0, true));
    case 12:
    case 13:
      return timestampText(bytes.view(at, 8).getBigInt64(0, true), 'micros');
    case 14:
      return floatText(bytes.view(at, 4).getFloat32(0, true), SINGLE);
    case 15:
      return bytes.base64(at + 4, bytes.number(at, 4));
    case 16:
      return bytes.text(at + 4, bytes.number(at, 4));
    case 17:
      return clockText(bytes.view(at, 8).getBigInt64(0, true), 'micros');
    case 18:
    case 19:
      return timestampText(bytes.view(at, 8).getBigInt64(0, true), 'nanos');
    case 20:
      return uuidText(bytes.part(at, 16));
    default:
      return null;
  }
}
