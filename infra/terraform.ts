import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

/** The Terraform CLI in a folder. */
export interface Terraform {
  /** @throws Error when it cannot be started or ends with another status than 0 */
  run(args: readonly string[]): Promise<void>;
}

/** Whoever sits in front of it. */
export interface Console {
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
}

export function createTerraform(deps: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Terraform {
  return {
    run: (args) =>
      new Promise((resolve, reject) => {
        const child = spawn('terraform', args, { cwd: deps.folder, env: deps.environment, stdio: 'inherit' });
        // A terminal interrupts Terraform too, which then ends what it is at and saves its state: wait for that.
        const wait = () => {};
        process.on('SIGINT', wait);
        child.on('close', () => process.off('SIGINT', wait));
        child.on('error', (error) =>
          reject(new Error(`terraform could not be started (${error.message}): install version 1.10 or newer`)),
        );
        child.on('exit', (code, signal) =>
          code === 0
            ? resolve()
            : reject(new Error(`terraform ${args[0]} failed (${signal ?? code}); its message stands above`)),
        );
      }),
  };
}

export function createConsole(): Console {
  return {
    interactive: process.stdin.isTTY === true,
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
