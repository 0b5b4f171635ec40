import type { KernelCalls } from '../calls.ts';
import { createScanLines, type PlainMemory } from './lines.ts';
import { createParts } from './parts.ts';
import { createScanners } from './scanners.ts';

/**
 * The kernel's functions in plain TypeScript: the same results in the same places, many times slower. For an operator who wants to rule out
 * the WebAssembly in an incident, and for tests, which compare the two.
 */
export function createPlainCalls(memory: PlainMemory): KernelCalls {
  const { bytes, words } = memory;
  const scanners = createScanners(bytes, words);
  return {
    ...createParts(bytes, words),
    ...scanners.calls,
    scanLines: createScanLines(memory, scanners.at),
    scanByteArrays: (source, sourceLength, count, base, starts, lengths) => {
      const end = source + sourceLength;
      let at = source;
      for (let i = 0; i < count; i++) {
        if (end - at < LENGTH_BYTES) return -1;
        const length = bytes.readUInt32LE(at);
        bytes.fill(SPACE, at, at + LENGTH_BYTES);
        at += LENGTH_BYTES;
        if (length > end - at) return -1;
        words[starts / 4 + i] = at - base;
        words[lengths / 4 + i] = length;
        at += length;
      }
      return at - source;
    },
    takeMessages: (starts, lengths, count, shift, toStarts, toLengths, toSizes, toForms, overhead, bytesMax) => {
      let room = bytesMax;
      let taken = 0;
      for (; taken < count; taken++) {
        const length = words[lengths / 4 + taken] as number;
        if (length + overhead > room) break;
        room -= length + overhead;
        words[toStarts / 4 + taken] = (words[starts / 4 + taken] as number) + shift;
        words[toLengths / 4 + taken] = length;
        words[toSizes / 4 + taken] = length;
      }
      bytes.fill(FORM_TEXT, toForms, toForms + taken);
      return taken;
    },
    // Nothing fits: core/body.ts writes events without the kernel then.
    writeEvents: () => 0,
  };
}

const LENGTH_BYTES = 4;
const SPACE = 0x20;
const FORM_TEXT = 0;
