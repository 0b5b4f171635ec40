/**
 * A model of the loop in which Vector reads the files of a node, and of the kubelet that rotates them: which file is read
 * next, and for how long. Nothing else of Vector is in it. Sources: Vector 0.58, lib/file-source/src/file_server.rs (`run`);
 * Kubernetes 1.34, pkg/kubelet/logs/container_log_manager.go.
 */

/** The kubelet looks at the sizes this often (`containerLogMonitorInterval`), and rotates files above `containerLogMaxSize`. */
const ROTATION_INTERVAL_S = 10;
const ROTATION_BYTES = 10 * 1024 * 1024;
/** What a turn over all files takes beside reading. A guess, on the slow side: it only keeps turns from being free. */
const TURN_S = 0.001;

export interface Container {
  /** What it writes, in bytes a second, from `startS` on. */
  readonly bytesPerSecond: number;
  readonly startS: number;
}

export interface Reading {
  readonly oldestFirst: boolean;
  /** `max_read_bytes`. */
  readonly turnBytes: number;
  /** `glob_minimum_cooldown_ms` in seconds. */
  readonly searchIntervalS: number;
  /** How much Vector and its sink take in a second. */
  readonly bytesPerSecond: number;
}

interface File {
  readonly container: number;
  readonly fromS: number;
  /** When the kubelet renamed it; nothing is written to it after that. */
  untilS: number;
  readBytes: number;
}

/**
 * Lets Vector read what the containers write.
 * @returns for each container the longest time in seconds that a line waited in its file
 */
export function longestWaits(containers: readonly Container[], reading: Reading, durationS: number): number[] {
  const waits = containers.map(() => 0);
  const files: File[] = [];
  const current: (File | undefined)[] = containers.map(() => undefined);
  const rateOf = (file: File) => containers[file.container]?.bytesPerSecond ?? 0;
  const written = (file: File, nowS: number) => Math.max(0, Math.min(nowS, file.untilS) - file.fromS) * rateOf(file);
  const found: File[] = [];
  let [nowS, rotatedS, searchedS] = [0, 0, Number.NEGATIVE_INFINITY];

  const write = () => {
    for (const [at, { startS }] of containers.entries()) {
      if (current[at] || startS > nowS) continue;
      current[at] = { container: at, fromS: startS, untilS: Number.POSITIVE_INFINITY, readBytes: 0 };
      files.push(current[at]);
    }
    if (nowS - rotatedS < ROTATION_INTERVAL_S) return;
    rotatedS = nowS;
    for (const [at, file] of current.entries()) {
      if (!file || written(file, nowS) <= ROTATION_BYTES) continue;
      file.untilS = nowS;
      current[at] = { container: at, fromS: nowS, untilS: Number.POSITIVE_INFINITY, readBytes: 0 };
      files.push(current[at]);
    }
  };
  const readOnce = (file: File): number => {
    const unread = written(file, nowS) - file.readBytes;
    if (unread <= 0) return 0;
    const waitedS = nowS - (file.fromS + file.readBytes / rateOf(file));
    waits[file.container] = Math.max(waits[file.container] ?? 0, waitedS);
    const taken = Math.min(unread, reading.turnBytes);
    file.readBytes += taken;
    nowS += taken / reading.bytesPerSecond;
    return taken;
  };

  for (let idleMs = 1; nowS < durationS; ) {
    write();
    if (nowS - searchedS >= reading.searchIntervalS) {
      searchedS = nowS;
      // New files are read after all that are known.
      for (const file of files) if (!found.includes(file)) found.push(file);
    }
    let total = 0;
    for (const file of found) {
      const taken = readOnce(file);
      total += taken;
      if (reading.oldestFirst && taken === reading.turnBytes) break;
    }
    idleMs = total === 0 ? Math.min(2048, idleMs * 2) : 1;
    nowS += total === 0 ? idleMs / 1000 : TURN_S;
  }
  return waits;
}
