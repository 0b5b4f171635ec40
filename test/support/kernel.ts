import { readToolSettings } from '../../service/base/settings.ts';
import { createKernel, type Kernel } from '../../service/kernel/kernel.ts';

/** A kernel as the run of tests wants it: `KERNEL_POISON` and `PLAIN_DECODER`, which processes of the service read too. */
export function createTestKernel(): Kernel {
  return createKernel(readToolSettings(process.env));
}
