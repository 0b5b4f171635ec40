import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Programs of this machine that serve the end-to-end tests on loopback. */
export interface RunningProgram {
  stop(): Promise<void>;
}

/** Whether a command is here, and succeeds. */
export function exists(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
  });
  return promise;
}

/** What LocalStack takes on the busiest machine. */
const PATIENCE_MS = 120_000;

/**
 * Starts a program, and waits until a URL answers.
 * @throws Error when the program ends before, or the URL does not answer within two minutes
 */
export async function startProgram(
  command: string,
  args: readonly string[],
  { answersAt, environment = {} }: { answersAt: string; environment?: Readonly<Record<string, string>> },
): Promise<RunningProgram> {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...environment } });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill();
    await ended;
  };
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!(await answers(answersAt))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${command} ended with ${child.signalCode ?? `status ${child.exitCode}`} before it answered`);
    }
    if (performance.now() > deadlineMs) {
      await stop();
      throw new Error(`${answersAt} does not answer`);
    }
    await delay(100);
  }
  return { stop };
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}
