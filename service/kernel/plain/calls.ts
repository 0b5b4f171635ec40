import { deflateRawSync } from 'node:zlib';
import type { KernelCalls } from '../calls.ts';
import { FORM_TEXT } from '../layout.ts';
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
    scanByteArrays: ({ source, sourceBytes, count, base, starts, lengths }) => {
      const end = source + sourceBytes;
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
    takeMessages: ({ starts, lengths, count, shift, recordOverhead, bytesMax, ...to }) => {
      let room = bytesMax;
      let taken = 0;
      for (; taken < count; taken++) {
        const length = words[lengths / 4 + taken] as number;
        if (length + recordOverhead > room) break;
        room -= length + recordOverhead;
        words[to.toStarts / 4 + taken] = (words[starts / 4 + taken] as number) + shift;
        words[to.toLengths / 4 + taken] = length;
        words[to.toSizes / 4 + taken] = length;
      }
      bytes.fill(FORM_TEXT, to.toForms, to.toForms + taken);
      return taken;
    },
    deflate: (source, sourceBytes, target, targetBytes) => {
      const compressed = deflateRawSync(bytes.subarray(source, source + sourceBytes), { level: 1 });
      if (compressed.length > targetBytes) return 0;
      return compressed.copy(bytes, target);
    },
    // Nothing fits: core/body.ts writes events without the kernel then.
    writeEvents: () => 0,
    // Nothing fits: core/digest.ts is the plain form.
    digestEvents: () => -1,
  };
}

const LENGTH_BYTES = 4;
const SPACE = 0x20;
