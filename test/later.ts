import { spawnSync } from 'node:child_process';

/** Longer than anything that a test may depend on: a leap year, and the retention of everything that the service writes. */
const DAYS = 400;

/**
 * What makes the clock of a process go far ahead of the real one, by Debian's faketime. A test that has a date written down
 * passes today, and fails once CloudWatch Logs calls that date too old.
 * @returns undefined where there is no faketime
 */
export function laterEnvironment(): Record<string, string> | undefined {
  // What faketime sets depends on the distribution.
  const { status, stdout } = spawnSync('faketime', ['-f', `+${DAYS}d`, 'env'], { encoding: 'utf8' });
  const preload = /^LD_PRELOAD=(.+)$/m.exec(stdout ?? '')?.[1];
  if (status !== 0 || preload === undefined) return undefined;
  // Without its shared memory, which ends with `env`.
  return { LD_PRELOAD: preload, FAKETIME: `+${DAYS}d` };
}
