import { corrupt } from '../corrupt.ts';

/**
 * Reads Thrift's compact protocol (thrift-compact-protocol.md), which Parquet's footer and page headers are written in, without
 * an object for what nobody asks for: a value that is not read is skipped. Every call throws `object-corrupt` where the bytes end
 * too soon or hold a value of another type.
 */
export interface ThriftReader {
  /** Behind what was read so far. */
  readonly offset: number;
  /** Reads a struct. `visit` is called for each field and reads its value, or leaves it to be skipped. */
  struct(visit: (field: number) => void): void;
  /** Reads a list; `read` reads one element. */
  list<T>(read: () => T): T[];
  /**
   * An integer of any width. Exact up to 2^53; nothing in Parquet's metadata has a meaning beyond it. A boolean is one too: fastparquet writes
   * `false` where 0 belongs.
   */
  integer(): number;
  boolean(): boolean;
  /** A view on the bytes that are read from. */
  bytes(): Uint8Array;
  text(): string;
}

const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  map: 11,
  struct: 12,
  uuid: 13,
} as const;
/** In a list a boolean is a byte of its own; in a struct it is the type of its field. */
const LISTED_BOOLEAN = -1;
const DEPTH_MAX = 64;

/** @param bytes from the beginning of a struct */
export function createThriftReader(bytes: Uint8Array): ThriftReader {
  let at = 0;
  let depth = 0;
  /** Of the value that comes next. */
  let type: number = TYPE.struct;
  /** Whether it still has to be read. */
  let pending = true;

  const take = (length: number): number => {
    if (!(length <= bytes.length - at)) throw corrupt('the Thrift structure ends too soon');
    at += length;
    return at - length;
  };
  const byte = (): number => bytes[take(1)] as number;

  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const group = byte();
      value += (group & 0x7f) * scale;
      if (group < 0x80) return value;
      if (scale > 2 ** 63) throw corrupt('an integer of the Thrift structure has no end');
    }
  };
  const zigzag = (): number => {
    const value = varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };

  const expect = (...types: readonly number[]): void => {
    if (!types.includes(type)) throw corrupt(`the Thrift structure has a value of type ${type} where ${types} belongs`);
    pending = false;
  };

  const nest = <T>(read: () => T): T => {
    if (++depth > DEPTH_MAX) throw corrupt('the Thrift structure is nested too deep');
    const result = read();
    depth--;
    pending = false;
    return result;
  };

  const readStruct = (visit: (field: number) => void): void => {
    expect(TYPE.struct);
    nest(() => {
      let field = 0;
      for (;;) {
        const header = byte();
        if (header === TYPE.stop) return;
        field = header >> 4 === 0 ? zigzag() : field + (header >> 4);
        type = header & 0x0f;
        pending = true;
        visit(field);
        if (pending) skip();
      }
    });
  };

  const eachElement = (read: (index: number) => void): void => {
    expect(TYPE.list, TYPE.set);
    const header = byte();
    const size = header >> 4 === 15 ? varint() : header >> 4;
    // Every element has a byte at least: what a header claims is held against what there is.
    if (size > bytes.length - at) throw corrupt(`a list of the Thrift structure claims ${size} elements`);
    nest(() => {
      for (let index = 0; index < size; index++) {
        const listed = header & 0x0f;
        type = listed === TYPE.true || listed === TYPE.false ? LISTED_BOOLEAN : listed;
        pending = true;
        read(index);
        if (pending) skip();
      }
    });
  };

  const skipMap = (): void => {
    const size = varint();
    if (size === 0) return;
    if (size > bytes.length - at) throw corrupt(`a map of the Thrift structure claims ${size} entries`);
    const types = byte();
    nest(() => {
      for (let index = 0; index < size * 2; index++) {
        const half = index % 2 === 0 ? types >> 4 : types & 0x0f;
        type = half === TYPE.true || half === TYPE.false ? LISTED_BOOLEAN : half;
        skip();
      }
    });
  };

  const skip = (): void => {
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        break;
      case LISTED_BOOLEAN:
      case TYPE.byte:
        take(1);
        break;
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        varint();
        break;
      case TYPE.double:
        take(8);
        break;
      case TYPE.binary:
        take(varint());
        break;
      case TYPE.uuid:
        take(16);
        break;
      case TYPE.list:
      case TYPE.set:
        eachElement(() => {});
        break;
      case TYPE.map:
        skipMap();
        break;
      case TYPE.struct:
        readStruct(() => {});
        break;
      default:
        throw corrupt(`the Thrift structure has a value of the unknown type ${type}`);
    }
    pending = false;
  };

  const readBytes = (): Uint8Array => {
    expect(TYPE.binary);
    const length = varint();
    const from = take(length);
    return bytes.subarray(from, from + length);
  };

  const readBoolean = (): boolean => {
    expect(TYPE.true, TYPE.false, LISTED_BOOLEAN);
    return type === LISTED_BOOLEAN ? byte() === TYPE.true : type === TYPE.true;
  };

  return {
    get offset() {
      return at;
    },
    struct: readStruct,
    list<T>(read: () => T): T[] {
      const elements: T[] = [];
      eachElement(() => {
        elements.push(read());
      });
      return elements;
    },
    integer() {
      if (type === TYPE.true || type === TYPE.false) return Number(readBoolean());
      expect(TYPE.byte, TYPE.i16, TYPE.i32, TYPE.i64);
      return type === TYPE.byte ? (byte() << 24) >> 24 : zigzag();
    },
    boolean: readBoolean,
    bytes: readBytes,
    text() {
      const { buffer, byteOffset, length } = readBytes();
      return Buffer.from(buffer, byteOffset, length).toString('utf8');
    },
  };
}
