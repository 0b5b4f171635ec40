import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The service as a process of its own. */
export interface RunningService {
  /** Everything it has said so far. */
  readonly output: string;
  /** Exit status, once it has ended. */
  readonly exitCode: number | null;
  /** SIGTERM. @returns the exit status */
  stop(): Promise<number | null>;
}

const MAIN = fileURLToPath(new URL('../../../service/main.ts', import.meta.url));

export function startService(environment: Readonly<Record<string, string>>): RunningService {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env.PATH, ...environment } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
    });
  }
  return {
    get output() {
      return output;
    },
    get exitCode() {
      return child.exitCode;
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}
