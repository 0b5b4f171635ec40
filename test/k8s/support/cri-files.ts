import { appendFileSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files of a container as a runtime writes them and the kubelet rotates them (Kubernetes, CRI logging format). */
export interface CriFile {
  /** Path as it stands on a node, below `/var/log/pods`. */
  readonly path: string;
  /** Appends a line, in pieces of 16 KiB where it is longer. */
  write(atMs: number, message: string, stream?: 'stdout' | 'stderr'): void;
  /** Renames the file as the kubelet does, and begins a new one. */
  rotate(): void;
}

/** What runtimes cut lines at. */
const PIECE_BYTES = 16 * 1024;

/** @param root folder in the place of `/var/log/pods` */
export function criFile(
  root: string,
  pod: { readonly namespace: string; readonly name: string; readonly uid: string; readonly container: string },
): CriFile {
  const path = join(root, `${pod.namespace}_${pod.name}_${pod.uid}`, pod.container, '0.log');
  mkdirSync(dirname(path), { recursive: true });
  let rotations = 0;
  return {
    path,
    write(atMs, message, stream = 'stdout') {
      // Nine digits as runtimes write them, of which every other time the last six are zeros.
      const time = new Date(atMs).toISOString().replace('Z', `00000${atMs % 2}Z`);
      const bytes = Buffer.from(message);
      const pieces = Math.max(1, Math.ceil(bytes.length / PIECE_BYTES));
      for (let at = 0; at < pieces; at += 1) {
        const piece = bytes.subarray(at * PIECE_BYTES, (at + 1) * PIECE_BYTES);
        appendFileSync(
          path,
          Buffer.concat([Buffer.from(`${time} ${stream} ${at === pieces - 1 ? 'F' : 'P'} `), piece, Buffer.from('\n')]),
        );
      }
    },
    rotate() {
      rotations += 1;
      renameSync(path, `${path}.20261130-18000${rotations}`);
    },
  };
}
