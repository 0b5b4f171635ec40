import { z } from 'zod';
import { compare, type Found } from '../../../local/workload/compare.ts';
import { createTally } from '../../../local/workload/tally.ts';
import type { Written } from './load.ts';
import type { Platform } from './platform.ts';

/** How what arrived differs from what was written, as multisets of time and message. */
export interface Verdict {
  readonly lines: number;
  readonly delivered: number;
  /** Written, and neither in its tenant's account nor, without a tenant, below `without-tenant/`. */
  readonly missing: number;
  /** Found more often than written. */
  readonly repeated: number;
  /** Found in another tenant's account, or written by nobody: a line that was cut, or two that were joined. */
  readonly wrong: number;
  /** Lines of more than 16 KiB, which come in pieces. */
  readonly long_lines: number;
  readonly rotations: number;
  /** Length of a line on average. */
  readonly line_bytes: number;
}

/** How long 99 of 100 lines of quiet pods waited in their files, milliseconds; null where no pod is called quiet. */
export interface Waits {
  /** Of pods that ran before the flood. */
  readonly wait_before_ms: number | null;
  /** Of pods that began in it. */
  readonly wait_during_ms: number | null;
}

const record = z.object({
  message: z.string(),
  timestamp: z.string(),
  ingest_timestamp: z.string(),
  kubernetes: z.object({ pod_name: z.string() }),
});

async function* recordsBelow(platform: Platform, prefix: string) {
  for (const key of (await platform.objects(prefix)).keys()) {
    for (const line of (await platform.read(key)).toString().split('\n')) {
      if (line !== '') yield record.parse(JSON.parse(line));
    }
  }
}

export async function judge(platform: Platform, written: Written): Promise<Verdict> {
  const expected = new Map(
    [...written.prints].map(([tenant, prints]) => [
      tenant,
      { size: prints.length, add: () => {}, sorted: () => prints },
    ]),
  );
  const unclaimed: Found = { inside: createTally(), outside: createTally() };
  for await (const { timestamp, message } of recordsBelow(platform, 'without-tenant/')) {
    unclaimed.inside.add(Date.parse(timestamp), message);
  }
  const found = new Map([...platform.found(), ['', unclaimed] as const]);
  const { events, delivered, lost, duplicated, misrouted, unexpected } = compare(expected, found);
  return {
    lines: events,
    delivered,
    missing: lost,
    repeated: duplicated,
    wrong: misrouted + unexpected,
    long_lines: written.longLines,
    rotations: written.rotations,
    line_bytes: Math.round(written.bytes / written.lines),
  };
}

/** @param quiet names of pods; only of overlays that write NDJSON */
export async function quietWaits(
  platform: Platform,
  quiet: { readonly before: readonly string[]; readonly during: readonly string[] } | undefined,
): Promise<Waits> {
  if (!quiet) return { wait_before_ms: null, wait_during_ms: null };
  const waits = { before: [] as number[], during: [] as number[] };
  for await (const { timestamp, ingest_timestamp, kubernetes } of recordsBelow(platform, 'logs/')) {
    const isOneOf = (names: readonly string[]) => names.some((name) => kubernetes.pod_name.startsWith(`${name}-`));
    const wait = Date.parse(ingest_timestamp) - Date.parse(timestamp);
    if (isOneOf(quiet.before)) waits.before.push(wait);
    if (isOneOf(quiet.during)) waits.during.push(wait);
  }
  return { wait_before_ms: percentile99(waits.before), wait_during_ms: percentile99(waits.during) };
}

function percentile99(values: number[]): number | null {
  return values.sort((one, other) => one - other)[Math.ceil(0.99 * values.length) - 1] ?? null;
}
