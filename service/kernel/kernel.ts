import { type Allocator, createAllocator } from './allocator.ts';
import { createBorder } from './border.ts';
import type { KernelCalls } from './calls.ts';
import { LENT_FROM } from './layout.ts';
import { createModuleCalls } from './module.ts';
import { createPlainCalls } from './plain/calls.ts';
import { createPoison } from './poison.ts';

/**
 * The WebAssembly kernel: the few loops over bytes that nearly all of the service's time is spent in. Its memory is where chunks
 * lie, so that messages go from the object into the bodies of requests without ever being JavaScript strings.
 *
 * One for each thread. Its functions are in assembly/; `npm run kernel` builds them. plain/ has the same functions in TypeScript.
 * Every call passes the assertions of border.ts. layout.ts is what both languages read.
 */
export interface Kernel {
  /** All of the memory. It never moves: a view is good as long as the loan of what it shows. */
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  readonly memory: Allocator;
  readonly calls: KernelCalls;
}

const PAGE_BYTES = 64 * 1024;
/**
 * Address space, not memory: a page takes memory once it is written to. Two chunks of each object in flight, of 32 MiB at the very
 * most, and the scratch below.
 */
const MEMORY_BYTES = 1024 * 1024 * 1024;

/** How a kernel is made: settings of the service. */
export interface KernelOptions {
  /** Runs the functions of plain/ in place of WebAssembly. */
  readonly plainDecoder?: boolean;
  /** For tests: writes over memory outside of its loans (poison.ts). */
  readonly kernelPoison?: boolean;
}

export function createKernel({ plainDecoder = false, kernelPoison = false }: KernelOptions = {}): Kernel {
  const { buffer, callsOn } = plainDecoder ? plainMemory() : webAssembly();
  const views = { bytes: Buffer.from(buffer), words: new Uint32Array(buffer), doubles: new Float64Array(buffer) };
  const poison = kernelPoison ? createPoison(views.bytes) : undefined;
  return {
    ...views,
    memory: createAllocator(LENT_FROM, MEMORY_BYTES, poison),
    calls: createBorder(callsOn(views), views),
  };
}

/** All of a kernel's memory, zeros, and the functions that work on it. */
interface KernelMemory {
  readonly buffer: ArrayBuffer;
  callsOn(views: Pick<Kernel, 'bytes' | 'words' | 'doubles'>): KernelCalls;
}

function plainMemory(): KernelMemory {
  return { buffer: new ArrayBuffer(MEMORY_BYTES), callsOn: createPlainCalls };
}

function webAssembly(): KernelMemory {
  const pages = MEMORY_BYTES / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return { buffer: memory.buffer, callsOn: ({ words }) => createModuleCalls(memory, words) };
}
