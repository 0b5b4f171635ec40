/** Lends stretches of a memory that never grows, by sizes that are powers of two; what comes back is lent again first. */
export interface Allocator {
  /** @returns the address of at least so many bytes, a multiple of 16. @throws Error when the memory is used up */
  allocate(bytes: number): number;
  /** Takes back what `allocate` gave. */
  release(address: number): void;
  /** Bytes that are lent. */
  readonly lent: number;
}

const SMALLEST_SHIFT = 12;

export function createAllocator(from: number, end: number): Allocator {
  const free = new Map<number, number[]>();
  const shiftOf = new Map<number, number>();
  let next = from;
  let lent = 0;
  return {
    allocate(bytes) {
      const shift = Math.max(SMALLEST_SHIFT, Math.ceil(Math.log2(Math.max(1, bytes))));
      const size = 2 ** shift;
      const address = free.get(shift)?.pop() ?? next;
      if (address === next) {
        if (next + size > end) throw new Error(`the kernel's memory has no ${size} bytes left`);
        next += size;
      }
      shiftOf.set(address, shift);
      lent += size;
      return address;
    },
    release(address) {
      const shift = shiftOf.get(address);
      if (shift === undefined) throw new Error(`nothing was lent at ${address}`);
      shiftOf.delete(address);
      lent -= 2 ** shift;
      const list = free.get(shift) ?? [];
      list.push(address);
      free.set(shift, list);
    },
    get lent() {
      return lent;
    },
  };
}
