import type { Kernel } from '../../kernel/kernel.ts';
import type { ByteSource } from '../source.ts';

/** What is larger is a request of its own. */
const SMALL_BYTES = 256 * 1024;
/** What lies between two reads is read too: S3 takes as long to begin an answer as to send a few hundred kilobytes. */
const GAP_BYTES = 64 * 1024;
const GATHERED_BYTES_MAX = 1024 * 1024;

interface Wanted {
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
  readonly into: Uint8Array;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A source whose small reads go out together when they are asked for together and lie near one another: most columns of a row group
 * come to some kilobytes. What takes no request is read at once.
 */
export function gatherReads(kernel: Kernel, source: ByteSource): ByteSource {
  let wanted: Wanted[] = [];

  const flush = () => {
    const sorted = wanted.toSorted((a, b) => a.start - b.start);
    wanted = [];
    for (const group of groupsOf(sorted)) readGroup(kernel, source, group);
  };

  return {
    ...source,
    read(start, end, signal, into) {
      if (!into || end <= source.atHandBytes || end - start > SMALL_BYTES) return source.read(start, end, signal, into);
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
      // When all have asked that are about to: after the promises that are settled now.
      if (wanted.length === 0) process.nextTick(flush);
      wanted.push({ start, end, signal, into, resolve, reject });
      return promise;
    },
  };
}

interface Group {
  readonly reads: Wanted[];
  end: number;
}

/** @param sorted by where they begin */
function groupsOf(sorted: readonly Wanted[]): Group[] {
  const groups: Group[] = [];
  for (const read of sorted) {
    const group = groups.at(-1);
    const [first] = group?.reads ?? [];
    const end = Math.max(group?.end ?? 0, read.end);
    const joins =
      group !== undefined &&
      first?.signal === read.signal &&
      read.start - group.end <= GAP_BYTES &&
      end - first.start <= GATHERED_BYTES_MAX;
    if (joins) {
      group.reads.push(read);
      group.end = end;
    } else {
      groups.push({ reads: [read], end: read.end });
    }
  }
  return groups;
}

/** Reads what a group spans, and gives everyone theirs. */
async function readGroup({ bytes, memory }: Kernel, source: ByteSource, { reads, end }: Group): Promise<void> {
  const [first] = reads as [Wanted];
  try {
    if (reads.length === 1) return first.resolve(await source.read(first.start, first.end, first.signal, first.into));
    const length = end - first.start;
    using loan = memory.lend(length);
    const { at } = loan;
    const all = await source.read(first.start, end, first.signal, bytes.subarray(at, at + length));
    for (const { start, end, into, resolve } of reads) {
      into.set(all.subarray(start - first.start, end - first.start));
      resolve(into.subarray(0, end - start));
    }
  } catch (error) {
    for (const { reject } of reads) reject(error);
  }
}
