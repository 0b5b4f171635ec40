import { readFile } from 'node:fs/promises';
import { type Sample, sumOf } from '../../local/demo/metrics.ts';

/**
 * What a process has used of the machine: by Linux's own books where there are any, else by the process's metrics.
 */

type Samples = () => Promise<readonly Sample[]>;

/** Of /proc/<pid>/stat, whatever the kernel's own tick (proc(5), sysconf(3): _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** CPU seconds since its start, user and system, all threads; to a hundredth. */
export async function cpuSecondsOf(pid: number, samples: Samples): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return sumOf(await samples(), 'process_cpu_seconds_total');
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that it ever had, bytes. Without /proc: what it has now. */
export function peakRssBytesOf(pid: number, samples: Samples): Promise<number> {
  return memoryOf('VmHWM', pid, samples);
}

/** What it has now, bytes. */
export function rssBytesOf(pid: number, samples: Samples): Promise<number> {
  return memoryOf('VmRSS', pid, samples);
}

async function memoryOf(name: 'VmHWM' | 'VmRSS', pid: number, samples: Samples): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status ?? '')?.[1];
  return kilobytes === undefined ? sumOf(await samples(), 'process_resident_memory_bytes') : Number(kilobytes) * 1024;
}
