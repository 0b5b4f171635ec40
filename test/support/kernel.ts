import { readToolSettings, type ToolSettings } from '../../service/base/settings.ts';
import { createKernel, type Kernel } from '../../service/kernel/kernel.ts';

/** The kinds of kernel that a run of tests may ask for: settings of the service. */
const SETTINGS = ['KERNEL_POISON', 'PLAIN_DECODER'] as const;

/** A kernel of the kind that the run of tests asks for. */
export function createTestKernel(): Kernel {
  return createKernel(kernelSettings());
}

/** What the run of tests asks for, as settings. */
export function kernelSettings(): Pick<ToolSettings, 'plainDecoder' | 'kernelPoison'> {
  return readToolSettings(kernelEnvironment());
}

/** The same for processes of the service that a test starts. */
export function kernelEnvironment(): Readonly<Record<string, string>> {
  return Object.fromEntries(SETTINGS.map((name) => [name, process.env[name] ?? '']));
}
