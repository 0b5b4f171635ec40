import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { EVENT_OVERHEAD_BYTES } from '../../service/core/limits.ts';
import type { Config } from '../config/config.ts';
import { hasPublicTasks } from '../values/vpc-endpoints.ts';
import { dollarsOfCalls } from './calls.ts';
import { PRICES } from './prices.ts';
import { GB } from './workload.ts';

/** What is read of a run of the benchmark; test/bench/README.md has all of it. Its MB and GB are 10^6 and 10^9 bytes. */
const RUN = z.object({
  workloads: z
    .array(
      z.object({
        name: z.string(),
        mb_per_s: z.number().positive(),
        events_per_s: z.number().positive(),
        cpu_s_per_gb: z.number().positive(),
        cpu_ms_per_object: z.number().positive(),
        calls: z.record(z.string(), z.number().nonnegative()),
        wire: z.number().positive(),
      }),
    )
    .min(1),
});
export type Run = z.output<typeof RUN>;

/** US dollars for a GB (2^30 bytes) of message text of a workload that was measured. */
export interface Measured {
  readonly workload: string;
  readonly objectsPerGb: number;
  /** Putting the objects and announcing them, which the benchmark does not do. */
  readonly arrivalUsd: number;
  readonly callsUsd: number;
  /** Bodies through NAT or an endpoint. */
  readonly wireUsd: number;
  /** CPU with its share of memory at all times busy, without reserve for peaks. */
  readonly computeUsd: number;
  readonly usd: number;
  /** Calls and arrival of a million objects. */
  readonly millionObjectsUsd: number;
  /** What tenants pay for taking it in. */
  readonly tenantsUsd: { readonly standard: number; readonly infrequentAccess: number };
}

/**
 * The JSON of `npm run bench -- --json`.
 * @param file a path, relative to where npm was called, or `-` for standard input
 * @throws Error when there is no such file or it is not that
 */
export function readRun(file: string): Run {
  const text = readFileSync(file === '-' ? 0 : resolve(process.env.INIT_CWD ?? '.', file), 'utf8');
  const parsed = RUN.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${file}: is not the JSON of the benchmark: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The bytes, calls and CPU of a run in dollars, by the prices of the model and the network of the settings. */
export function dollarsOfRun(run: Run, config: Config): readonly Measured[] {
  return run.workloads.map((workload) => {
    const cpuSecondsPerGb = (workload.cpu_s_per_gb * GB) / 1e9;
    const objectsPerGb = cpuSecondsPerGb / (workload.cpu_ms_per_object / 1000);
    const ofObject = dollarsOfCalls(workload.calls);
    const arrivalOfObject = PRICES.s3Put.usd + PRICES.snsPublish.usd;
    const arrivalUsd = objectsPerGb * arrivalOfObject;
    const callsUsd = objectsPerGb * ofObject;
    const wireUsd = workload.wire * wirePrice(config);
    const computeUsd = (cpuSecondsPerGb / 3600) * vcpuHour(config);
    const eventBytes = 1 + (workload.events_per_s / (workload.mb_per_s * 1e6)) * EVENT_OVERHEAD_BYTES;
    return {
      workload: workload.name,
      objectsPerGb,
      arrivalUsd,
      callsUsd,
      wireUsd,
      computeUsd,
      usd: arrivalUsd + callsUsd + wireUsd + computeUsd,
      millionObjectsUsd: 1e6 * (ofObject + arrivalOfObject),
      tenantsUsd: {
        standard: eventBytes * PRICES.logsIngestion.usd,
        infrequentAccess: eventBytes * PRICES.logsInfrequentAccess.usd,
      },
    };
  });
}

function wirePrice(config: Config): number {
  if (hasPublicTasks(config)) return 0;
  return config.network.interfaceEndpoints ? PRICES.endpointData.usd : PRICES.natData.usd;
}

/** A vCPU for an hour, with the memory that tasks have for it. */
function vcpuHour({ distributor }: Config): number {
  const gbPerVcpu = distributor.memoryMb / distributor.cpuUnits;
  return distributor.spotOnly
    ? PRICES.spotCpu.usd + gbPerVcpu * PRICES.spotMemory.usd
    : PRICES.fargateCpu.usd + gbPerVcpu * PRICES.fargateMemory.usd;
}

/** As a Markdown table: dollars for a GB, and for a million objects. */
export function renderMeasured(measured: readonly Measured[]): string {
  const titles = ['workload', 'objects in a GB', 'arrival', 'calls', 'wire', 'CPU', '**a GB**', 'a million objects'];
  const rows = measured.map((it) => [
    `\`${it.workload}\``,
    Math.round(it.objectsPerGb).toLocaleString('en-US'),
    ...[it.arrivalUsd, it.callsUsd, it.wireUsd, it.computeUsd].map((usd) => usd.toFixed(5)),
    `**${it.usd.toFixed(5)}**`,
    it.millionObjectsUsd.toFixed(2),
    it.tenantsUsd.standard.toFixed(3),
    it.tenantsUsd.infrequentAccess.toFixed(3),
  ]);
  return [
    [...titles, 'tenant, STANDARD', 'tenant, INFREQUENT_ACCESS'],
    ['---', ...(rows[0]?.slice(1).map(() => '---:') ?? [])],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
