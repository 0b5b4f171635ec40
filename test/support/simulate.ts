import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ScaleResult } from '../simulation/scale/trial.ts';

const MAIN = fileURLToPath(new URL('../simulation/main.ts', import.meta.url));

/** What a simulation tells of a trial. */
export interface Told {
  readonly seed: string;
  readonly failed: boolean;
  readonly hash: string;
  readonly events: number;
  readonly kills: number;
  readonly terms: number;
  readonly freezes: number;
  readonly findings: readonly string[];
  readonly unfinished: readonly string[];
  readonly shrunk?: readonly number[];
}

/** Runs trials in a process of their own, whose modules are replaced. @param args of `npm run simulate` */
export async function simulate(...args: readonly string[]): Promise<Told[]> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [MAIN, '--child', ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const SCALE_MAIN = fileURLToPath(new URL('../simulation/scale/main.ts', import.meta.url));

/** One run of many tenants in a process of its own. @param args of `npm run simulate:scale` */
export async function simulateScale(...args: readonly string[]): Promise<ScaleResult> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [SCALE_MAIN, '--child', ...args], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout);
}
