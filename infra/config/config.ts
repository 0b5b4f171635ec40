import type { z } from 'zod';
import { environmentFile } from './file.ts';
import { type Group, layered, without } from './layers.ts';
import { ConfigError, type Problem, pathsOfIssues, problemsOfIssues } from './problems.ts';
import { contradictionsOf } from './rules.ts';
import { CONFIG_SCHEMA } from './schema.ts';

/**
 * The settings of the infrastructure, by environment. Everything that an operator may want another way is here, under
 * the name it has in operation; constructs hold no numbers of their own. config-schema.ts describes each.
 */
export type Config = z.output<typeof CONFIG_SCHEMA>;

export type IamConfig = Config['iam'];
export type IngestionConfig = Config['ingestion'];
export type StorageConfig = Config['storage'];
export type QueueConfig = Config['queue'];
export type NetworkConfig = Config['network'];
export type WritersConfig = Config['writers'];

/** What differs from an environment's own file. */
export type Overrides = Omit<z.input<typeof CONFIG_SCHEMA>, 'environment'>;

/**
 * The settings of an environment: the defaults, what its file in infra/environments/ has otherwise, then `overrides`.
 * @throws ConfigError
 */
export function configOf(environment: string, overrides: Overrides = {}): Config {
  return readConfig(layered(environmentFile(environment), overrides, { environment }));
}

/** @throws ConfigError with every problem */
export function readConfig(given: Group): Config {
  const parsed = CONFIG_SCHEMA.safeParse(given);
  const problems = parsed.success ? contradictionsOf(parsed.data) : problemsOf(parsed.error.issues, given);
  if (problems.length > 0) throw new ConfigError(problems.map(({ sentence }) => sentence));
  return CONFIG_SCHEMA.parse(given);
}

/** Paths are at most so deep: `network.existing.privateSubnetIds`. */
const DEPTH_MAX = 3;
const NO_NAME = { environment: 'unnamed' };

/**
 * What is wrong by itself, and what the other settings contradict among themselves: for that, defaults take the place
 * of what is wrong, and contradictions with those are left out.
 */
function problemsOf(issues: readonly z.core.$ZodIssue[], given: Group): readonly Problem[] {
  const problems = problemsOfIssues(issues, given);
  const wrong = new Set(problems.flatMap(({ settings }) => settings));
  let [rest, paths] = [given, pathsOfIssues(issues)];
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    rest = layered(NO_NAME, without(rest, paths));
    const parsed = CONFIG_SCHEMA.safeParse(rest);
    if (parsed.success) {
      const others = contradictionsOf(parsed.data);
      return [...problems, ...others.filter(({ settings }) => !settings.some((setting) => touches(wrong, setting)))];
    }
    // A group lacks what it must have: it goes as a whole.
    paths = pathsOfIssues(parsed.error.issues).map((path) => path.slice(0, -1));
  }
  return problems;
}

/** Whether a setting, a member of it or an entry of it is wrong. */
function touches(wrong: ReadonlySet<string>, setting: string): boolean {
  return [...wrong].some(
    (name) => name === setting || name.startsWith(`${setting}.`) || name.startsWith(`${setting}[`),
  );
}
