import { readFileSync } from 'node:fs';
import { type Allocator, createAllocator } from './allocator.ts';
import { createPoison, type Poisoned } from './poison.ts';

/**
 * The WebAssembly kernel: the few loops over bytes that nearly all of the service's time is spent in. Its memory is where chunks
 * lie, so that messages go from the object into the bodies of requests without ever being JavaScript strings.
 *
 * One for each thread. Its functions are in assembly/; `npm run kernel` builds them.
 */
export interface Kernel {
  /** All of the memory. It never moves: a view is good as long as the loan of what it shows. */
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly memory: Allocator;
  readonly calls: KernelCalls;
}

/** The exports of assembly/index.ts, where each is described. Addresses and sizes are bytes. */
export interface KernelCalls {
  snappyDecompress(source: number, sourceLength: number, target: number, targetLength: number): number;
  snappyPart(state: number, end: number, begin: number, limit: number): number;
  lz4Part(state: number, end: number, begin: number, limit: number): number;
  scanByteArrays(
    source: number,
    sourceLength: number,
    count: number,
    base: number,
    starts: number,
    lengths: number,
  ): number;
  takeMessages(
    starts: number,
    lengths: number,
    count: number,
    shift: number,
    toStarts: number,
    toLengths: number,
    toSizes: number,
    toForms: number,
    overhead: number,
    bytesMax: number,
  ): number;
  writeEvents(
    events: number,
    count: number,
    starts: number,
    lengths: number,
    forms: number,
    times: number,
    base: number,
    target: number,
    limit: number,
  ): number;
  clearNames(scanner: number): void;
  addName(length: number, kind: number, field: number, inside: boolean): number;
  clearValues(
    scanner: number,
    table: number,
    tableBits: number,
    arena: number,
    arenaBytes: number,
    news: number,
    newsBytes: number,
  ): void;
  clearRepeats(scanner: number, entries: number): void;
  takeNews(scanner: number): number;
  takeNumber(scanner: number, field: number): number;
  scanLines(
    scanner: number,
    end: number,
    wholeRecords: boolean,
    starts: number,
    lengths: number,
    sizes: number,
    forms: number,
    times: number,
    ids: number,
    recordsRoom: number,
    base: number,
    baseRoom: number,
    fieldCount: number,
    bytesMax: number,
    recordsMax: number,
    recordOverhead: number,
    lineBytesMax: number,
  ): number;
}

const PAGE_BYTES = 64 * 1024;
/**
 * Address space, not memory: a page takes memory once it is written to. Two chunks of each object in hand, of 32 MiB at the very
 * most, and the scratch below.
 */
const MEMORY_PAGES = (1024 * 1024 * 1024) / PAGE_BYTES;
/** The kernel's own tables lie before this. */
const FIRST_FREE = PAGE_BYTES;

/** How a kernel is made: settings of the service. */
export interface KernelOptions {
  /** For tests: what is written over (poison.ts). */
  readonly kernelPoison?: Poisoned | undefined;
}

let module: WebAssembly.Module | undefined;

export function createKernel({ kernelPoison }: KernelOptions = {}): Kernel {
  module ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const bytes = Buffer.from(memory.buffer);
  return {
    bytes,
    words: new Uint32Array(memory.buffer),
    doubles: new Float64Array(memory.buffer),
    memory: createAllocator(FIRST_FREE, bytes.length, kernelPoison && createPoison(bytes, kernelPoison)),
    // What the module exports is what assembly/index.ts says; a test builds it anew and compares.
    calls: instance.exports as unknown as KernelCalls,
  };
}
