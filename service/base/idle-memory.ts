import { getHeapStatistics } from 'node:v8';

/**
 * V8 keeps what a thread's heap once took until much more is allocated: after the start, or a peak, it holds megabytes of which little is
 * live. So a thread that has nothing to do gives them back.
 */
export interface IdleMemoryDeps {
  readonly isBusy: () => boolean;
  /** A full collection that shrinks the heap. Undefined where Node does not offer it: then nothing is given back. */
  readonly collect?: (() => void) | undefined;
  /** Bytes of the heap that are in use, garbage included. */
  readonly usedBytes?: () => number;
  /** A clock that never goes back, milliseconds. */
  readonly nowMs: () => number;
}

const LOOK_EVERY_MS = 1_000;
/** A collection takes up to a tenth of a second of a busy CPU; this keeps it below two thousandths of the time. */
const COLLECT_EVERY_MS = 60_000;
/** Larger heaps take longer than that, and what they could give back is a small part of them. */
const HEAP_MAX_BYTES = 100_000_000;

/** Looks once a second until the process ends, which it does not keep from ending. @returns how to stop */
export function giveIdleMemoryBack({
  isBusy,
  collect = collectAll(),
  usedBytes = () => getHeapStatistics().used_heap_size,
  nowMs,
}: IdleMemoryDeps): () => void {
  if (!collect) return () => {};
  let collectedMs = Number.NEGATIVE_INFINITY;
  // The start was work too.
  let worked = true;
  const look = () => {
    if (isBusy()) {
      worked = true;
      return;
    }
    if (!worked || nowMs() - collectedMs < COLLECT_EVERY_MS || usedBytes() > HEAP_MAX_BYTES) return;
    worked = false;
    collectedMs = nowMs();
    collect();
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Node offers it with `--expose-gc`, which the image sets (docs/decisions/0011-bundle.md). Only this flavor shrinks the heap. */
function collectAll(): (() => void) | undefined {
  const { gc } = globalThis;
  return gc && (() => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
}
