import { present } from '../../base/present.ts';
import type { KernelCalls } from '../calls.ts';
import { FIELDS_MAX, NAME_BYTES_MAX, NAMES_MAX, NEWS_ENTRY_BYTES, SCANNER_NAMES, SCANNER_NEWS } from '../layout.ts';

/** Names that are looked for, and numbers for the values of fields: assembly/scanner.ts and assembly/intern.ts. */
export interface PlainScanner {
  /** Of the object's outermost members, or of those inside of `kubernetes`. */
  nameOf(text: string, inside: boolean): Name | undefined;
  /** The number of a value of a field; undefined when a new one finds no room. */
  numberOf(field: number, from: number, length: number): number | undefined;
}

export interface Name {
  /** Its place among the names. */
  readonly number: number;
  readonly kind: number;
  readonly field: number;
  readonly inside: boolean;
}

/** A scanner as it is between two calls; what its caller looks at stands in the memory. */
interface State {
  readonly names: (Name & { readonly length: number })[];
  /** By text, as far as they have been asked for; its bytes are written after it is added. */
  index: Map<string, Name> | undefined;
  numbers: Map<string, number>[];
  next: number[];
  entries: number;
  entriesMax: number;
  arena: number;
  arenaEnd: number;
  news: number;
  newsAt: number;
  newsEnd: number;
}

type ScannerCalls = Pick<KernelCalls, 'clearNames' | 'addName' | 'clearValues' | 'takeNews' | 'takeNumber'>;

export function createScanners(
  bytes: Buffer,
  words: Uint32Array,
): { readonly calls: ScannerCalls; at(address: number): PlainScanner } {
  /** By address: a scanner that is made where another was takes its place. */
  const states = new Map<number, State>();

  const stateAt = (address: number): State => present(states.get(address), 'a scanner of the kernel');

  const add = (state: State, field: number, known: Map<string, number>, text: string, from: number, length: number) => {
    const { arena, newsAt } = state;
    const isFull = state.entries > state.entriesMax;
    if (isFull || arena + length > state.arenaEnd || newsAt + NEWS_ENTRY_BYTES > state.newsEnd) return undefined;
    const number = takeNumber(state, field);
    known.set(text, number);
    bytes.copyWithin(arena, from, from + length);
    words.set([field, arena, length], newsAt / 4);
    state.arena += length;
    state.newsAt += NEWS_ENTRY_BYTES;
    state.entries++;
    return number;
  };

  const takeNumber = ({ next }: State, field: number): number => {
    const number = present(next[field], 'the next number of a field');
    next[field] = number + 1;
    return number;
  };

  const indexOf = (address: number, names: State['names']) => {
    const textAt = ({ number, length }: State['names'][number]) => {
      const from = address + SCANNER_NAMES + number * NAME_BYTES_MAX;
      return bytes.toString('latin1', from, from + length);
    };
    return new Map(names.map((name) => [keyOf(textAt(name), name.inside), name]));
  };

  return {
    calls: {
      clearNames(address) {
        states.set(address, {
          names: [],
          index: undefined,
          numbers: [],
          next: [],
          entries: 0,
          entriesMax: 0,
          arena: 0,
          arenaEnd: 0,
          news: 0,
          newsAt: 0,
          newsEnd: 0,
        });
      },
      addName({ scanner, bytes: length, kind, field, inside }) {
        const { names } = stateAt(scanner);
        const number = names.length;
        if (number >= NAMES_MAX || length > NAME_BYTES_MAX) return 0;
        names.push({ number, kind, field, inside, length });
        return scanner + SCANNER_NAMES + number * NAME_BYTES_MAX;
      },
      clearValues({ scanner, tableBits, arena, arenaBytes, news, newsBytes }) {
        const state = stateAt(scanner);
        state.numbers = Array.from({ length: FIELDS_MAX }, () => new Map());
        state.next = state.numbers.map(() => 1);
        state.entries = 0;
        // As full as the table of the WebAssembly kernel becomes.
        state.entriesMax = ((2 ** tableBits - 1) >> 2) * 3;
        state.arena = arena;
        state.arenaEnd = arena + arenaBytes;
        state.news = news;
        state.newsAt = news;
        state.newsEnd = news + newsBytes;
        words[(scanner + SCANNER_NEWS) / 4] = news;
      },
      takeNews(address) {
        const state = stateAt(address);
        const count = (state.newsAt - state.news) / NEWS_ENTRY_BYTES;
        state.newsAt = state.news;
        return count;
      },
      takeNumber: (address, field) => takeNumber(stateAt(address), field),
    },
    at(address) {
      const state = stateAt(address);
      state.index ??= indexOf(address, state.names);
      const { index } = state;
      return {
        nameOf: (text, inside) => index.get(keyOf(text, inside)),
        numberOf(field, from, length) {
          if (length === 0) return 0;
          const text = bytes.toString('latin1', from, from + length);
          const known = present(state.numbers[field], 'the values of a field');
          return known.get(text) ?? add(state, field, known, text, from, length);
        },
      };
    },
  };
}

function keyOf(name: string, inside: boolean): string {
  return inside ? `kubernetes.${name}` : name;
}
