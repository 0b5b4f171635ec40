import type { ColumnMemory } from './column-chunk.ts';

/** What the columns that are read together may take, for the pages at hand and for what is fetched of them. */
const PAGES_BYTES = 32 * 1024 * 1024;
const WINDOWS_BYTES = 64 * 1024 * 1024;
/** Writers aim at 1 MiB, and some stop only when they are beyond it. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const PAGE_BYTES_MIN = 64 * 1024;
/** Large enough to hide a request's latency, small enough that a dozen columns of an object stay cheap. */
const WINDOW_BYTES_MAX = 4 * 1024 * 1024;
const WINDOW_BYTES_MIN = 64 * 1024;

/** The share of each of so many columns. A cursor has two windows at a time. */
export function shareOf(columns: number): Pick<ColumnMemory, 'pageBytesMax' | 'windowBytes'> {
  return {
    pageBytesMax: within(PAGES_BYTES / columns, PAGE_BYTES_MIN, PAGE_BYTES_MAX),
    windowBytes: within(WINDOWS_BYTES / 2 / columns, WINDOW_BYTES_MIN, WINDOW_BYTES_MAX),
  };
}

function within(bytes: number, least: number, most: number): number {
  return Math.floor(Math.min(most, Math.max(least, bytes)));
}
