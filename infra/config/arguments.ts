import { nearest } from '../../service/base/nearest.ts';
import { type Config, readConfig } from './config.ts';
import { environmentFile, knownEnvironments, readConfigFile } from './file.ts';
import { layered } from './layers.ts';
import { ConfigError, problem } from './problems.ts';
import { CONFIG_SCHEMA } from './schema.ts';

/** What the command line says of the configuration. */
export interface ConfigArguments {
  /** A YAML file with what differs from the environment's own file. */
  readonly config?: string | undefined;
  readonly environment?: string | undefined;
  readonly project?: string | undefined;
  readonly region?: string | undefined;
  readonly 'eks-oidc-issuer'?: string | undefined;
  /** The environment has no file and is meant to be new. */
  readonly 'new-environment'?: boolean | undefined;
}

/**
 * The settings that a command line means: the defaults, the environment's file in infra/environments/, the file of
 * `--config`, then the other options.
 * @param otherwise the environment where nothing names one
 * @returns undefined when nothing names the environment
 * @throws ConfigError with every problem
 */
export function configOfArguments(given: ConfigArguments, otherwise?: string): Config | undefined {
  const file = given.config === undefined ? {} : readConfigFile(given.config);
  const environment = given.environment ?? file.environment ?? otherwise;
  if (environment === undefined) return undefined;
  const problems: string[] = [];
  if (typeof environment === 'string') {
    const declared = file.environment === environment && typeof file.production === 'boolean';
    if (!declared && !given['new-environment']) problems.push(...unknownEnvironment(environment));
  }
  if (file.environment !== undefined && file.environment !== environment) {
    const rule = `must be that of --environment, which is ${environment}`;
    problems.push(problem(`environment of ${given.config}`, rule, file.environment).sentence);
  }
  const options = {
    environment,
    project: given.project,
    region: given.region,
    ...(given['eks-oidc-issuer'] === undefined ? {} : { writers: { eks: { oidcIssuer: given['eks-oidc-issuer'] } } }),
  };
  const config = problemsAdded(problems, () =>
    readConfig(layered(environmentFile(String(environment)), file, options)),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function problemsAdded<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/** A misspelt production would be an environment without its protection. */
function unknownEnvironment(environment: string): readonly string[] {
  const known = knownEnvironments();
  if (known.includes(environment) || !CONFIG_SCHEMA.unwrap().shape.environment.safeParse(environment).success)
    return [];
  const near = nearest(environment, known) ?? known.find((name) => abbreviates(environment, name));
  const meant = near === undefined ? '.' : `; did you mean ${near}?`;
  return [
    `environment: is none of ${known.join(', ')}${meant} A new environment needs --new-environment, ` +
      `or a --config file that has both environment and production (got ${JSON.stringify(environment)})`,
  ];
}

/** `prod` and `prd` for production: its letters in their order, from the first on. */
function abbreviates(short: string, name: string): boolean {
  return new RegExp(`^${[...short].join('.*')}`).test(name);
}
