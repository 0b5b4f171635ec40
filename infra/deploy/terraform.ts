import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

/** The Terraform CLI in a folder. */
export interface Terraform {
  readonly folder: string;
  /** @throws Error when it cannot be started or ends with another status than 0 */
  run(args: readonly string[]): Promise<void>;
  /** @returns what it prints, which nobody else sees @throws as `run` does */
  read(args: readonly string[]): Promise<string>;
}

/** Whoever sits in front of it. */
export interface Console {
  readonly interactive: boolean;
  ask(question: string): Promise<string>;
  say(text: string): void;
}

export function createTerraform(deps: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Terraform {
  const start = (args: readonly string[], stdout: 'inherit' | 'pipe') =>
    new Promise<string>((resolve, reject) => {
      const stdio = ['inherit', stdout, 'inherit'] as const;
      const child = spawn('terraform', args, { cwd: deps.folder, env: deps.environment, stdio: [...stdio] });
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
      });
      // A terminal interrupts Terraform too, which then ends what it is at and saves its state: wait for that.
      const wait = () => {};
      process.on('SIGINT', wait);
      child.on('error', (error) =>
        reject(new Error(`terraform could not be started (${error.message}): install version 1.10 or newer`)),
      );
      child.on('close', (code, signal) => {
        process.off('SIGINT', wait);
        if (code === 0) resolve(output);
        else reject(new Error(`terraform ${args[0]} failed (${signal ?? code}); its message stands above`));
      });
    });
  return {
    folder: deps.folder,
    async run(args) {
      await start(args, 'inherit');
    },
    read: (args) => start(args, 'pipe'),
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
    say: (text) => console.error(text),
  };
}
