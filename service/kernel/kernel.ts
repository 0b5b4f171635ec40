import { readFileSync } from 'node:fs';
import { type Allocator, createAllocator } from './allocator.ts';
import type { KernelCalls } from './calls.ts';
import { createPlainCalls } from './plain/calls.ts';
import { createPoison, type Poisoned } from './poison.ts';

/**
 * The WebAssembly kernel: the few loops over bytes that nearly all of the service's time is spent in. Its memory is where chunks
 * lie, so that messages go from the object into the bodies of requests without ever being JavaScript strings.
 *
 * One for each thread. Its functions are in assembly/; `npm run kernel` builds them. plain/ has the same functions in TypeScript.
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
/** The kernel's own tables lie before this. */
const FIRST_FREE = PAGE_BYTES;

/** How a kernel is made: settings of the service. */
export interface KernelOptions {
  /** Runs the functions of plain/ in place of WebAssembly. */
  readonly plainDecoder?: boolean;
  /** For tests: what is written over (poison.ts). */
  readonly kernelPoison?: Poisoned | undefined;
}

export function createKernel({ plainDecoder = false, kernelPoison }: KernelOptions = {}): Kernel {
  const { buffer, callsOn } = plainDecoder ? plainMemory() : webAssembly();
  const views = { bytes: Buffer.from(buffer), words: new Uint32Array(buffer), doubles: new Float64Array(buffer) };
  const poison = kernelPoison && createPoison(views.bytes, kernelPoison);
  return { ...views, memory: createAllocator(FIRST_FREE, MEMORY_BYTES, poison), calls: callsOn(views) };
}

/** All of a kernel's memory, zeros, and the functions that work on it. */
interface KernelMemory {
  readonly buffer: ArrayBuffer;
  callsOn(views: Pick<Kernel, 'bytes' | 'words' | 'doubles'>): KernelCalls;
}

function plainMemory(): KernelMemory {
  return { buffer: new ArrayBuffer(MEMORY_BYTES), callsOn: createPlainCalls };
}

let module: WebAssembly.Module | undefined;

function webAssembly(): KernelMemory {
  module ??= new WebAssembly.Module(readFileSync(new URL('./kernel.wasm', import.meta.url)));
  const pages = MEMORY_BYTES / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  // What the module exports is what assembly/index.ts says; a test builds it anew and compares.
  return { buffer: memory.buffer, callsOn: () => instance.exports as unknown as KernelCalls };
}
