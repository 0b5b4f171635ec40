import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * The log files of one container, as containerd writes them and the kubelet rotates and removes them. Sources: Kubernetes 1.34,
 * pkg/kubelet/logs/container_log_manager.go (`rotateLog`) and pkg/kubelet/kuberuntime/kuberuntime_gc.go
 * (`evictPodLogsDirectories`); containerd 2, internal/cri/io/logger.go (`redirectLogs`).
 */
export interface ContainerLog {
  /** Bytes in the current file. */
  bytes(): number;
  /** @param text whole pieces, each with its line break */
  write(text: string): void;
  /** The kubelet renames the current file. Until `reopen` the runtime goes on writing into it. */
  rename(): void;
  /** The runtime opens a new file. */
  reopen(): void;
  /** The container is gone, and the kubelet removes its files. */
  remove(): void;
}

export type Stream = 'stdout' | 'stderr';

/** containerd's `max_container_log_line_size`. */
export const PIECE_LENGTH = 16 * 1024;
/** `containerLogMaxFiles`, with the current one. */
const FILES_MAX = 5;

/**
 * A line as the runtime writes it.
 * @param line ASCII, so that a character is a byte
 * @param time RFC 3339, of all its pieces
 * @returns its pieces, each with its line break
 */
export function piecesOf(line: string, stream: Stream, time: string): string[] {
  const count = Math.max(1, Math.ceil(line.length / PIECE_LENGTH));
  return Array.from({ length: count }, (_, at) => {
    const text = line.slice(at * PIECE_LENGTH, (at + 1) * PIECE_LENGTH);
    return `${time} ${stream} ${at < count - 1 ? 'P' : 'F'} ${text}\n`;
  });
}

/** @param folder of the container, within that of its pod */
export function openContainerLog(folder: string, nowMs: () => number): ContainerLog {
  mkdirSync(folder, { recursive: true });
  const current = join(folder, '0.log');
  let handle = openSync(current, 'a', 0o640);
  let bytes = 0;
  return {
    bytes: () => bytes,
    write(text) {
      writeSync(handle, text);
      bytes += Buffer.byteLength(text);
    },
    rename() {
      // In the kubelet's order: too many are removed, all that were renamed before are compressed, then this one is renamed.
      const rotated = readdirSync(folder)
        .filter((name) => name.startsWith('0.log.'))
        .sort();
      for (const name of rotated.splice(0, Math.max(0, rotated.length - (FILES_MAX - 2)))) rmSync(join(folder, name));
      for (const name of rotated) if (!name.endsWith('.gz')) compress(join(folder, name));
      renameSync(current, freeName(current, nowMs()));
    },
    reopen() {
      closeSync(handle);
      handle = openSync(current, 'a', 0o640);
      bytes = 0;
    },
    remove() {
      closeSync(handle);
      rmSync(folder, { recursive: true });
    },
  };
}

function compress(path: string): void {
  writeFileSync(`${path}.tmp`, gzipSync(readFileSync(path), { level: 1 }));
  renameSync(`${path}.tmp`, `${path}.gz`);
  rmSync(path);
}

/** The kubelet names files by the second. A name that is taken becomes one a second later. */
function freeName(current: string, nowMs: number): string {
  for (let atMs = nowMs; ; atMs += 1000) {
    const time = new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
    if (!existsSync(`${current}.${time}`) && !existsSync(`${current}.${time}.gz`)) return `${current}.${time}`;
  }
}
