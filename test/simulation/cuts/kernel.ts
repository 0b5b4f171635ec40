import { createAllocator } from '../../../service/kernel/allocator.ts';
import { createKernel as createReal, type Kernel, type KernelOptions } from '../../../service/kernel/kernel.ts';
import { LENT_FROM } from '../../../service/kernel/layout.ts';
import { type Actor, theWorld, type World, worldNow } from '../world.ts';

/**
 * In the place of service/kernel/kernel.ts: the kernel itself, but a thread uses the memory of one that has ended, or of an earlier
 * world's. Each would otherwise take a gigabyte of addresses.
 */
interface Used {
  readonly kernel: Kernel;
  world: World;
  thread: Actor;
}

const made: Used[] = [];

export function createKernel(options?: KernelOptions): Kernel {
  const world = worldNow();
  const thread = world.actor;
  if (!thread) throw new Error("a kernel is made in nobody's turn");
  const free = made.find((used) => used.world !== theWorld() || !(used.thread.alive && used.thread.process.alive));
  if (free) Object.assign(free, { world, thread });
  else made.push({ kernel: createReal(options), world, thread });
  const { kernel } = free ?? (made.at(-1) as Used);
  return { ...kernel, memory: createAllocator(LENT_FROM, kernel.bytes.length) };
}
