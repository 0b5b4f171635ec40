import type { KernelCalls } from '../calls.ts';
import {
  PART_BAD_COPY,
  PART_COPY,
  PART_FROM,
  PART_LITERAL,
  PART_OFFSET,
  PART_PHASE,
  PART_TO,
  SNAPPY_BAD_COPY,
  SNAPPY_TOO_LONG,
  SNAPPY_TOO_SHORT,
} from '../layout.ts';

/** Snappy and LZ4: assembly/snappy.ts and assembly/parts.ts, which describe the states, the parameters and the results. */

/** The phases of an LZ4 sequence. */
const [TOKEN, LITERAL_LENGTH, LITERALS, MATCH_OFFSET, MATCH_LENGTH, MATCH] = [0, 1, 2, 3, 4, 5] as const;

/** From here on a call of copyWithin costs less than a loop. */
const LONG_COPY = 32;

type Part = KernelCalls['snappyPart'];

/** Of one run: what stands in a state. */
interface Run {
  from: number;
  to: number;
  literal: number;
  copy: number;
  offset: number;
  phase: number;
}

export function createParts(
  bytes: Buffer,
  words: Uint32Array,
): Pick<KernelCalls, 'snappyDecompress' | 'snappyPart' | 'lz4Part'> {
  const copyBytes = (from: number, to: number, length: number): void => {
    // What is copied may be part of the copy itself.
    if (length >= LONG_COPY && to - from >= length) bytes.copyWithin(to, from, from + length);
    else for (let at = 0; at < length; at++) bytes[to + at] = bytes[from + at] as number;
  };

  const takeLiteral = (run: Run, end: number, limit: number): void => {
    if (run.literal === 0) return;
    const length = Math.min(run.literal, end - run.from, limit - run.to);
    bytes.copyWithin(run.to, run.from, run.from + length);
    run.from += length;
    run.to += length;
    run.literal -= length;
  };

  const takeCopy = (run: Run, limit: number): void => {
    const length = Math.min(run.copy, limit - run.to);
    copyBytes(run.to - run.offset, run.to, length);
    run.to += length;
    run.copy -= length;
  };

  const reachesTooFar = ({ offset, to }: Run, begin: number): boolean => offset === 0 || offset > to - begin;

  const runSnappy = (run: Run, end: number, begin: number, limit: number): number => {
    for (;;) {
      takeLiteral(run, end, limit);
      if (run.literal > 0) return 0;
      takeCopy(run, limit);
      if (run.copy > 0 || run.from === end || run.to === limit) return 0;
      const tag = bytes[run.from] as number;
      const kind = tag & 3;
      const extra = kind === 0 ? Math.max(0, (tag >> 2) - 59) : kind === 3 ? 4 : kind;
      if (end - run.from <= extra) return 0;
      const number = extra === 0 ? 0 : bytes.readUIntLE(run.from + 1, extra);
      run.from += 1 + extra;
      if (kind === 0) {
        run.literal = ((extra === 0 ? tag >> 2 : number) + 1) >>> 0;
        continue;
      }
      run.copy = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      run.offset = kind === 1 ? ((tag >> 5) << 8) | number : number;
      if (reachesTooFar(run, begin)) return PART_BAD_COPY;
    }
  };

  /** Adds a length that goes on byte by byte to one of a sequence's. @returns whether all of it was there */
  const takeLength = (run: Run, end: number, of: 'literal' | 'copy'): boolean => {
    let byte = 255;
    while (byte === 255 && run.from < end) {
      byte = bytes[run.from++] as number;
      run[of] += byte;
    }
    return byte !== 255;
  };

  const runLz4 = (run: Run, end: number, begin: number, limit: number): number => {
    for (;;) {
      if (run.phase === TOKEN) {
        if (run.from === end) return 0;
        const token = bytes[run.from++] as number;
        run.literal = token >> 4;
        run.copy = (token & 15) + 4;
        run.phase = run.literal === 15 ? LITERAL_LENGTH : LITERALS;
      }
      if (run.phase === LITERAL_LENGTH) {
        if (!takeLength(run, end, 'literal')) return 0;
        run.phase = LITERALS;
      }
      if (run.phase === LITERALS) {
        takeLiteral(run, end, limit);
        if (run.literal > 0) return 0;
        run.phase = MATCH_OFFSET;
      }
      if (run.phase === MATCH_OFFSET) {
        // A block ends with literals.
        if (end - run.from < 2) return 0;
        run.offset = bytes.readUInt16LE(run.from);
        run.from += 2;
        if (reachesTooFar(run, begin)) return PART_BAD_COPY;
        run.phase = run.copy === 19 ? MATCH_LENGTH : MATCH;
      }
      if (run.phase === MATCH_LENGTH) {
        if (!takeLength(run, end, 'copy')) return 0;
        run.phase = MATCH;
      }
      takeCopy(run, limit);
      if (run.copy > 0) return 0;
      run.phase = TOKEN;
    }
  };

  /** Runs with what a state says, and leaves there what comes next. */
  const resumed =
    (run: typeof runSnappy): Part =>
    (state, end, begin, limit) => {
      const word = (offset: number) => words[(state + offset) / 4] as number;
      const set = (offset: number, value: number) => {
        words[(state + offset) / 4] = value;
      };
      const now: Run = {
        from: word(PART_FROM),
        to: word(PART_TO),
        literal: word(PART_LITERAL),
        copy: word(PART_COPY),
        offset: word(PART_OFFSET),
        phase: word(PART_PHASE),
      };
      const result = run(now, end, begin, limit);
      set(PART_FROM, now.from);
      set(PART_TO, now.to);
      set(PART_LITERAL, now.literal);
      set(PART_COPY, now.copy);
      set(PART_OFFSET, now.offset);
      set(PART_PHASE, now.phase);
      return result;
    };

  return {
    snappyDecompress(source, sourceLength, target, targetLength) {
      const end = source + sourceLength;
      const limit = target + targetLength;
      if (limit > bytes.length) return SNAPPY_TOO_LONG;
      let announced = 0;
      let from = source;
      for (let shift = 0; ; shift += 7) {
        if (from >= end || shift > 28) return SNAPPY_TOO_SHORT;
        const byte = bytes[from++] as number;
        announced += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) break;
      }
      if (announced !== targetLength) return SNAPPY_TOO_LONG;
      const run: Run = { from, to: target, literal: 0, copy: 0, offset: 0, phase: 0 };
      if (runSnappy(run, end, target, limit) !== 0) return SNAPPY_BAD_COPY;
      return run.from === end && run.to === limit && run.literal === 0 && run.copy === 0 ? 0 : SNAPPY_TOO_SHORT;
    },
    snappyPart: resumed(runSnappy),
    lz4Part: resumed(runLz4),
  };
}
