import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { CollectorPod } from './collector-pod.ts';

/**
 * A real Vector in the root that the DaemonSet's container would have: the same paths, read-only but for the node's folders, as
 * the same user, without any capability. It is made of a folder, a mount namespace and chroot, so nothing of this machine's
 * own paths is touched.
 */

/** Why no Vector can run here; undefined when one can. For `test(..., { skip })`. */
export const withoutVector: string | undefined = reasonAgainst();

function reasonAgainst(): string | undefined {
  const { VECTOR_BIN } = process.env;
  if (VECTOR_BIN === undefined || VECTOR_BIN === '') return 'VECTOR_BIN names no Vector';
  if (spawnSync(VECTOR_BIN, ['--version']).status !== 0) return `VECTOR_BIN is no Vector that runs: ${VECTOR_BIN}`;
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) return 'this takes Linux, and root for a mount namespace';
  return undefined;
}

export interface NodeRoot {
  /** A path of the node on this machine. */
  at(path: string): string;
  /** @param more environment beside the pod's own */
  start(more: Environment, logFile: string): VectorProcess;
  /** Runs another command of Vector. @returns its status and what it printed */
  run(args: readonly string[], more?: Environment): { readonly status: number | null; readonly output: string };
}

type Environment = Readonly<Record<string, string>>;

export interface VectorProcess {
  readonly pid: number;
  /** The most memory that it had, in bytes; that of its last look, once it has ended. */
  peakBytes(): number;
  /** Resolves with the exit status, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** What a program that is linked dynamically needs of this machine. */
const SHARED = ['/usr', '/lib', '/lib64', '/dev', '/proc'];
const PEAK_INTERVAL_MS = 500;

/**
 * @param folder a new one, which becomes the root
 * @param extra files that other parts of the kubelet put in, such as the token of the service account
 */
export function createNodeRoot(folder: string, pod: CollectorPod, extra: ReadonlyMap<string, string>): NodeRoot {
  const at = (path: string) => join(folder, path);
  for (const [path, text] of [...pod.files, ...extra]) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  }
  for (const { path } of pod.folders) mkdirSync(at(path), { recursive: true });
  writeFileSync(at('/vector'), '');
  const script = [...mountScript(folder, pod), `cd / && exec "$@"`].join('\n');

  const command = (args: readonly string[]) => {
    const privileges = [
      `--reuid=${pod.user}`,
      '--clear-groups',
      '--bounding-set=-all',
      '--inh-caps=-all',
      '--no-new-privs',
    ];
    const vector = ['chroot', folder, 'setpriv', ...privileges, '--', '/vector', ...args];
    return ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...vector];
  };
  const environmentOf = (more: Environment) => ({ PATH: process.env.PATH, ...pod.environment, ...more });

  return {
    at,
    start(more, logFile) {
      const log = createWriteStream(logFile, { flags: 'a' });
      const child = spawn('unshare', command(pod.arguments), {
        env: environmentOf(more),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.pipe(log, { end: false });
      child.stderr.pipe(log, { end: false });
      return watch(child);
    },
    run(args, more = {}) {
      const { status, stdout, stderr } = spawnSync('unshare', command(args), {
        env: environmentOf(more),
        encoding: 'utf8',
      });
      return { status, output: stdout + stderr };
    },
  };
}

function mountScript(folder: string, pod: CollectorPod): string[] {
  const lines = [`mount --bind ${folder} ${folder}`];
  for (const path of SHARED) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) {
      lines.push(`[ -e ${folder}${path} ] || ln -s ${readlinkSync(path)} ${folder}${path}`);
    } else {
      mkdirSync(join(folder, path), { recursive: true });
      lines.push(`mount --rbind ${path} ${folder}${path}`);
    }
  }
  lines.push(`mount --bind '${process.env.VECTOR_BIN}' ${folder}/vector`);
  for (const { path, readOnly } of pod.folders) {
    lines.push(`mount --bind ${folder}${path} ${folder}${path}`);
    if (readOnly) lines.push(`mount -o remount,bind,ro ${folder}${path}`);
  }
  lines.push(`mount -o remount,bind,ro ${folder}`);
  return lines;
}

function watch(child: ChildProcess): VectorProcess {
  const pid = child.pid ?? 0;
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, peakOf(pid));
  };
  const timer = setInterval(look, PEAK_INTERVAL_MS);
  ended.then(() => {
    clearInterval(timer);
    process.off('exit', endWithUs);
  });
  return {
    pid,
    ended,
    peakBytes() {
      look();
      return peak;
    },
    async stop(signal) {
      look();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

/** `VmHWM` in bytes; 0 when the process is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
