import { loadSharedConfigFiles } from '@smithy/core/config';

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with its region, and the place that named it: undefined for AWS_REGION itself, and where none does. */
export interface WithRegion {
  readonly environment: Environment;
  readonly regionFrom: string | undefined;
}

/**
 * Completes AWS_REGION as AWS's own tools do: AWS_REGION, then AWS_DEFAULT_REGION, then the profile in AWS's
 * configuration file. A file that is not there names no region.
 */
export async function withRegion(environment: Environment): Promise<WithRegion> {
  const given = (name: string) => environment[name]?.trim() || undefined;
  if (given('AWS_REGION')) return { environment, regionFrom: undefined };
  const byDefault = given('AWS_DEFAULT_REGION');
  if (byDefault) return { environment: { ...environment, AWS_REGION: byDefault }, regionFrom: 'AWS_DEFAULT_REGION' };
  const profile = given('AWS_PROFILE') ?? 'default';
  const configFilepath = given('AWS_CONFIG_FILE');
  const filepath = given('AWS_SHARED_CREDENTIALS_FILE');
  const { configFile, credentialsFile } = await loadSharedConfigFiles({
    ignoreCache: true,
    ...(configFilepath ? { configFilepath } : {}),
    ...(filepath ? { filepath } : {}),
  });
  const region = configFile[profile]?.region ?? credentialsFile[profile]?.region;
  if (!region) return { environment, regionFrom: undefined };
  return { environment: { ...environment, AWS_REGION: region }, regionFrom: `profile ${profile}` };
}
