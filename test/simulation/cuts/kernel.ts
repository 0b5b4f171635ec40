import { createAllocator } from '../../../service/kernel/allocator.ts';
import { createKernel as createReal, type Kernel, type KernelOptions } from '../../../service/kernel/kernel.ts';
import { LENT_FROM } from '../../../service/kernel/layout.ts';
import { type World, worldNow } from '../world.ts';

/**
 * In the place of service/kernel/kernel.ts: the kernel itself, but threads of later worlds use the memory of earlier ones. Each would
 * otherwise take a gigabyte of addresses.
 */
const made: Kernel[] = [];
const used = new WeakMap<World, number>();

export function createKernel(options?: KernelOptions): Kernel {
  const world = worldNow();
  const at = used.get(world) ?? 0;
  used.set(world, at + 1);
  const kernel = made[at] ?? createReal(options);
  made[at] = kernel;
  return { ...kernel, memory: createAllocator(LENT_FROM, kernel.bytes.length) };
}
