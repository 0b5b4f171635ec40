import type { Actor } from './world.ts';

/** What is to happen, in the order of time; at the same time, in the order in which it was asked for. */
export interface Timeline {
  /** @returns takes it back */
  add(atMs: number, actor: Actor | undefined, act: () => void): () => void;
  /** Takes the next one out, if its time is not after this one; undefined: there is none. */
  next(untilMs: number): Planned | undefined;
  /** Puts one back for a later time. It can still be withdrawn. */
  defer(planned: Planned, atMs: number): void;
}

export interface Planned {
  atMs: number;
  readonly actor: Actor | undefined;
  readonly act: () => void;
}

interface Entry extends Planned {
  order: number;
  withdrawn: boolean;
}

/** A binary heap. */
export function createTimeline(): Timeline {
  const heap: Entry[] = [];
  let order = 0;
  const isBefore = (a: Entry, b: Entry) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const at = (index: number) => heap[index] as Entry;
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [at(b), at(a)];
  };

  const rise = (from: number) => {
    for (let child = from; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!isBefore(at(child), at(parent))) return;
      swap(child, parent);
      child = parent;
    }
  };
  const sink = () => {
    for (let parent = 0; ; ) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && isBefore(at(child), at(least))) least = child;
      }
      if (least === parent) return;
      swap(parent, least);
      parent = least;
    }
  };
  const push = (entry: Entry) => {
    heap.push(entry);
    rise(heap.length - 1);
  };
  const take = (): Entry | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (heap.length > 0 && last) {
      heap[0] = last;
      sink();
    }
    return first;
  };

  return {
    add(atMs, actor, act) {
      const entry: Entry = { atMs, actor, act, order: order++, withdrawn: false };
      push(entry);
      return () => {
        entry.withdrawn = true;
      };
    },
    next(untilMs) {
      while (heap[0]?.withdrawn) take();
      return heap[0] && heap[0].atMs <= untilMs ? take() : undefined;
    },
    defer(planned, atMs) {
      const entry = planned as Entry;
      entry.atMs = atMs;
      entry.order = order++;
      push(entry);
    },
  };
}
