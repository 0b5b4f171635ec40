import { createRandom, type Random } from '../../../local/workload/random.ts';
import { createTally, type Tally } from '../../../local/workload/tally.ts';
import { type ContainerLog, openContainerLog, PIECE_LENGTH, piecesOf } from './container-log.ts';

/** What one pod writes. */
export interface PodLoad {
  /** Folder of its container on this machine. */
  readonly folder: string;
  readonly name: string;
  /** Whose lines these are; undefined for a namespace without a tenant. */
  readonly tenant: string | undefined;
  readonly lines: number;
  readonly linesPerSecond: number;
  /** Length of an ordinary line: between half and one and a half of this. */
  readonly lineLength: number;
  /** Share of lines that are longer than a piece, of up to `LONG_PIECES` pieces. */
  readonly longShare: number;
  /** The kubelet rotates a file that has more than this when it looks, every 10 s. */
  readonly rotateBytes: number;
  /** Seconds after the beginning at which the pod begins. Default 0. */
  readonly startS?: number;
  /** Seconds after its last line at which the pod's files are removed. Default: never. */
  readonly removeAfterS?: number;
}

/** What all pods wrote. */
export interface Written {
  readonly lines: number;
  /** Lines of several pieces. */
  readonly longLines: number;
  /** Of the lines themselves. */
  readonly bytes: number;
  readonly rotations: number;
  /** Fingerprints of the lines (local/workload/tally.ts) of each tenant; those without one under ''. */
  readonly prints: ReadonlyMap<string, Float64Array>;
}

/** containerLogMonitorInterval. */
const LOOK_INTERVAL_MS = 10_000;
const LONG_PIECES = 12;
/** More than this at once would be a stall of the writer, and not what a program does. */
const BURST_S = 0.5;
/** One line of so many goes to stderr. */
const STDERR_ONE_IN = 10;

export interface Load {
  /** Writes what is due. @returns whether all pods have written everything and have removed what they remove */
  tick(nowMs: number): boolean;
  written(): Written;
}

/** @param startedMs the clock of `tick` at the beginning */
export function createLoad(pods: readonly PodLoad[], seed: string, startedMs: number): Load {
  const tallies = new Map<string, Tally>();
  const sum = { lines: 0, longLines: 0, bytes: 0, rotations: 0 };
  const writers = pods.map((pod) => {
    const tally = tallies.get(pod.tenant ?? '') ?? createTally();
    tallies.set(pod.tenant ?? '', tally);
    return createWriter(pod, createRandom(`${seed}/${pod.name}`), tally, sum, startedMs + (pod.startS ?? 0) * 1000);
  });
  return {
    tick(nowMs) {
      let ended = true;
      for (const writer of writers) ended = writer(nowMs) && ended;
      return ended;
    },
    written: () => ({ ...sum, prints: new Map([...tallies].map(([tenant, tally]) => [tenant, tally.sorted()])) }),
  };
}

type Sum = { -readonly [key in Exclude<keyof Written, 'prints'>]: Written[key] };

function createWriter(pod: PodLoad, random: Random, tally: Tally, sum: Sum, beginMs: number) {
  const { lines, linesPerSecond, rotateBytes, removeAfterS } = pod;
  const lineAt = createLines(pod, random);
  let log: ContainerLog | undefined;
  let [next, lookedMs, lastMs, removed] = [0, beginMs, beginMs, false];

  const write = (at: number, rotating: boolean) => {
    const { text, time, timeMs } = lineAt(at, rotating);
    const pieces = piecesOf(text, at % STDERR_ONE_IN === 0 ? 'stderr' : 'stdout', time);
    tally.add(timeMs, text);
    sum.lines++;
    sum.bytes += text.length;
    if (pieces.length > 1) sum.longLines++;
    for (const [number, piece] of pieces.entries()) {
      // The worst moment: in the midst of a line, and the runtime opens the new file one piece later.
      if (rotating && number === Math.min(1, pieces.length - 1)) log?.rename();
      log?.write(piece);
      if (rotating && number === Math.min(1, pieces.length - 1)) log?.reopen();
    }
  };

  return (nowMs: number): boolean => {
    if (nowMs < beginMs) return false;
    log ??= openContainerLog(pod.folder, Date.now);
    const due = Math.min(lines, Math.floor(((nowMs - beginMs) / 1000) * linesPerSecond) + 1);
    const end = Math.min(due, next + Math.ceil(linesPerSecond * BURST_S));
    if (next < end) lastMs = nowMs;
    for (; next < end; next++) {
      const look = nowMs - lookedMs >= LOOK_INTERVAL_MS;
      if (look) lookedMs = nowMs;
      const rotating = look && log.bytes() > rotateBytes;
      if (rotating) sum.rotations++;
      write(next, rotating);
    }
    if (next < lines) return false;
    if (removeAfterS === undefined) return true;
    if (!removed && nowMs - lastMs >= removeAfterS * 1000) {
      log.remove();
      removed = true;
    }
    return removed;
  };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz     ';

/** Lines of a pod by their number: no two alike, and none that looks like a time, a level or a part of a stack trace. */
function createLines({ name, lineLength, longShare }: PodLoad, random: Random) {
  const padding = Array.from({ length: LONG_PIECES * PIECE_LENGTH }, () => random.pick([...LETTERS])).join('');
  /** @param rotating in it the file is rotated, so it is a long one where there are such */
  return (at: number, rotating: boolean) => {
    const nowMs = Date.now();
    const head = `${name} line ${at} `;
    const long = random.chance(longShare) || (rotating && longShare > 0);
    const length = long
      ? PIECE_LENGTH * (1 + random.uniform() * (LONG_PIECES - 2))
      : lineLength * (0.5 + random.uniform());
    const from = random.below(PIECE_LENGTH);
    const text = `${head}${padding.slice(from, from + Math.max(1, Math.floor(length) - head.length))}.`;
    // The runtime's clock has nanoseconds.
    const nanoseconds = String(at % 1_000_000).padStart(6, '0');
    return { text, timeMs: nowMs, time: new Date(nowMs).toISOString().replace('Z', `${nanoseconds}Z`) };
  };
}
