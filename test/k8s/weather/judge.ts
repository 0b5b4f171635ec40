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

/** How long a quiet pod's line waited in its file; null where no pod is called quiet. */
export interface Waits {
  readonly quiet_wait_p99_ms: number | null;
  readonly quiet_wait_max_ms: number | null;
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

/** @param quiet beginnings of pods' names; only of overlays that write NDJSON */
export async function quietWaits(platform: Platform, quiet: readonly string[]): Promise<Waits> {
  if (quiet.length === 0) return { quiet_wait_p99_ms: null, quiet_wait_max_ms: null };
  const waits: number[] = [];
  for await (const { timestamp, ingest_timestamp, kubernetes } of recordsBelow(platform, 'logs/')) {
    if (!quiet.some((name) => kubernetes.pod_name.startsWith(`${name}-`))) continue;
    waits.push(Date.parse(ingest_timestamp) - Date.parse(timestamp));
  }
  waits.sort((one, other) => one - other);
  const at = (share: number) => waits[Math.ceil(share * waits.length) - 1] ?? null;
  return { quiet_wait_p99_ms: at(0.99), quiet_wait_max_ms: at(1) };
}
