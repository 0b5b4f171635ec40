/** Messages of one queue, found by whether they are visible. Each step costs the logarithm of their number at most. */
export interface Shelf<M extends Shelved> {
  add(message: M): void;
  remove(message: M): void;
  /** The message turns visible then; epoch milliseconds. */
  hide(message: M, untilMs: number): void;
  get(id: string): M | undefined;
  /** Those that are visible now, in no order that anybody may count on. */
  visible(nowMs: number): readonly M[];
  /** When the next hidden one turns visible; infinite: none will. */
  nextMs(): number;
  all(): readonly M[];
}

export interface Shelved {
  readonly id: string;
  visibleMs: number;
}

interface Hidden<M> {
  readonly untilMs: number;
  readonly message: M;
}

export function createShelf<M extends Shelved>(): Shelf<M> {
  const messages = new Map<string, M>();
  const visible: M[] = [];
  /** Where in `visible` a message is. */
  const places = new Map<M, number>();
  /** A binary heap. An entry whose message has gone, or was hidden anew, is dropped when it comes up. */
  const hidden: Hidden<M>[] = [];

  const isStale = ({ message, untilMs }: Hidden<M>) =>
    messages.get(message.id) !== message || places.has(message) || message.visibleMs !== untilMs;
  const show = (message: M) => {
    places.set(message, visible.push(message) - 1);
  };
  const takeOff = (message: M) => {
    const place = places.get(message);
    if (place === undefined) return;
    places.delete(message);
    const last = visible.pop() as M;
    if (last === message) return;
    visible[place] = last;
    places.set(last, place);
  };
  const dropStale = () => {
    while (hidden[0] && isStale(hidden[0])) takeLeast(hidden);
  };

  return {
    add(message) {
      messages.set(message.id, message);
      addTo(hidden, { untilMs: message.visibleMs, message });
    },
    remove(message) {
      takeOff(message);
      messages.delete(message.id);
    },
    hide(message, untilMs) {
      takeOff(message);
      message.visibleMs = untilMs;
      addTo(hidden, { untilMs, message });
    },
    get: (id) => messages.get(id),
    visible(nowMs) {
      for (dropStale(); hidden[0] && hidden[0].untilMs <= nowMs; dropStale()) {
        const { message } = takeLeast(hidden);
        if (!places.has(message)) show(message);
      }
      return visible;
    },
    nextMs() {
      dropStale();
      return hidden[0]?.untilMs ?? Number.POSITIVE_INFINITY;
    },
    all: () => [...messages.values()],
  };
}

function addTo<M>(heap: Hidden<M>[], entry: Hidden<M>): void {
  let child = heap.push(entry) - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    const above = heap[parent] as Hidden<M>;
    if (above.untilMs <= entry.untilMs) break;
    heap[child] = above;
    child = parent;
  }
  heap[child] = entry;
}

/** @returns the least, of a heap that is not empty */
function takeLeast<M>(heap: Hidden<M>[]): Hidden<M> {
  const [least] = heap as [Hidden<M>];
  const last = heap.pop() as Hidden<M>;
  if (heap.length === 0) return least;
  let parent = 0;
  for (let child = 1; child < heap.length; child = 2 * parent + 1) {
    const right = heap[child + 1];
    if (right && right.untilMs < (heap[child] as Hidden<M>).untilMs) child++;
    const below = heap[child] as Hidden<M>;
    if (below.untilMs >= last.untilMs) break;
    heap[parent] = below;
    parent = child;
  }
  heap[parent] = last;
  return least;
}
