import type { StrayObject } from './source.ts';

export interface StraySummary {
  /** The Hive parts of the keys, without the time: `type=processing-failed`, or `cluster_id=… namespace=…`. */
  readonly of: string;
  readonly objects: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const TIMES = ['year=', 'month=', 'day=', 'hour='];

/** By what the keys say; what came last stands first. */
export function summarize(objects: readonly StrayObject[]): StraySummary[] {
  const groups = Map.groupBy(objects, ({ key }) => partsOf(key));
  return [...groups]
    .map(([of, group]) => ({
      of,
      objects: group.length,
      bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
      firstMs: Math.min(...group.map(({ writtenMs }) => writtenMs)),
      lastMs: Math.max(...group.map(({ writtenMs }) => writtenMs)),
    }))
    .sort((a, b) => b.lastMs - a.lastMs);
}

function partsOf(key: string): string {
  const parts = key.split('/').filter((part) => part.includes('=') && !TIMES.some((time) => part.startsWith(time)));
  return parts.length === 0 ? '-' : parts.join(' ');
}
