import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The service as it ships, as a process of its own. */
export interface ServiceProcess {
  readonly pid: number;
  /** Of its HTTP endpoint. */
  readonly url: string;
  /** Its log lines so far, newest last; at most the last thousand. */
  readonly lines: readonly LogLine[];
  /** Ends it with SIGTERM unless told otherwise, and waits. @returns the exit status, null when a signal ended it */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Resolves when it ends, whoever ended it. */
  readonly ended: Promise<number | null>;
}

export type LogLine = Readonly<Record<string, unknown>>;

export interface ServiceProcessOptions {
  /** All that it needs to know: nothing else of this process's environment reaches it but the search path. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told of every line of its log. */
  readonly onLine?: (line: LogLine) => void;
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[];
}

/** What is started: the sources, or what SERVICE_MAIN names, such as a bundle. */
export function serviceMain(): string {
  return process.env.SERVICE_MAIN || fileURLToPath(new URL('../service/main.ts', import.meta.url));
}

/** What the image sets beside the settings: a test compares it with the Dockerfile. */
export const OF_THE_IMAGE = {
  NODE_ENV: 'production',
  MALLOC_ARENA_MAX: '1',
  NODE_OPTIONS: '--max-semi-space-size=4 --expose-gc',
};
const LINES_MAX = 1_000;

/** Starts the service. @throws Error with its last words when it ends before it receives */
export async function startService(options: ServiceProcessOptions): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...(options.nodeArguments ?? []), serviceMain()], {
    env: { PATH: process.env.PATH, ...OF_THE_IMAGE, HTTP_PORT: '0', HTTP_HOST: '127.0.0.1', ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Not in the terminal's process group: Ctrl-C reaches whoever started it, who then ends it in order.
    detached: true,
  });
  // Nobody else would end it when this process dies of an error.
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  const lines: LogLine[] = [];
  const lastWords: string[] = [];
  const receiving = Promise.withResolvers<number>();

  createInterface(child.stderr).on('line', (text) => lastWords.push(text));
  createInterface(child.stdout).on('line', (text) => {
    const line = parseLine(text);
    lines.push(line);
    if (lines.length > LINES_MAX) lines.shift();
    if (line.msg === 'receiving') receiving.resolve(Number(line.port));
    options.onLine?.(line);
  });
  ended.then((status) => {
    const words = [...lastWords, ...lines.map((line) => JSON.stringify(line))].slice(-20).join('\n');
    receiving.reject(new Error(`the service ended with status ${status}:\n${words}`));
  });
  const port = await receiving.promise;
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    lines,
    ended,
    async stop(signal = 'SIGTERM') {
      stopIfRunning(child, signal);
      return ended;
    },
  };
}

function stopIfRunning(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}

function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text);
  } catch {
    return { msg: text };
  }
}
