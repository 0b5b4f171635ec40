import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createS3Client, createStsClient } from '../service/aws/clients.ts';
import { faultOf } from '../service/aws/fault.ts';
import { synthesize } from './app.ts';
import type { Config } from './config.ts';
import { configOfArguments } from './config-arguments.ts';
import { knownEnvironments } from './config-file.ts';
import { ConfigError } from './config-problems.ts';
import { DEFAULT_PROJECT, DEFAULT_REGION } from './config-schema.ts';
import { warningsOf } from './config-warnings.ts';
import { deploy, RefusedError } from './deploy.ts';
import { createStateBucket, stateBucketExists, stateBucketName } from './state-bucket.ts';
import { createConsole, createTerraform } from './terraform.ts';

const USAGE = `usage: npm run synth   -- [OPTION ...]
       npm run deploy  -- --environment NAME [OPTION ...]
       npm run destroy -- --environment NAME [OPTION ...]

Settings (infra/config-schema.ts describes each; infra/environments/ has an example for each environment):
  -e, --environment NAME   ${knownEnvironments().join(', ')}, or another with the defaults; synth takes staging
                           if not given
      --new-environment    NAME is meant to be another
      --config FILE        YAML with what differs from the environment's own file
  -p, --project NAME       begins every name, ${DEFAULT_PROJECT} if not given
  -r, --region REGION      ${DEFAULT_REGION} if not given
      --eks-oidc-issuer URL
                           Vector runs on the EKS cluster of this issuer

What to do:
      --image-tag TAG      the image to run, by its tag in the environment's repository; the package's version if not given
      --no-tasks           everything but the ECS service: for the first time, before there is an image
      --plan               show what would change, and change nothing
      --yes                do not ask

Terraform:
      --state-bucket NAME  bucket of Terraform's state; deploy and destroy make it when it is missing, --plan does without
      --provider-version V in place of the version of the AWS provider that the bindings were made from
      --plugin-dir FOLDER  take the provider from here and not from Terraform's registry`;

/** Exit statuses: 0 done, 1 failed, 2 usage error or refused. */
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** How long AWS may be silent before somebody at a terminal is told. */
const REQUEST_TIMEOUT_MS = 30_000;

const OPTIONS = {
  environment: { type: 'string', short: 'e' },
  'new-environment': { type: 'boolean', default: false },
  config: { type: 'string' },
  project: { type: 'string', short: 'p' },
  region: { type: 'string', short: 'r' },
  'eks-oidc-issuer': { type: 'string' },
  'image-tag': { type: 'string' },
  'no-tasks': { type: 'boolean', default: false },
  plan: { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
  'state-bucket': { type: 'string' },
  'provider-version': { type: 'string' },
  'plugin-dir': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const COMMANDS = ['synth', 'deploy', 'destroy'] as const;
type Command = (typeof COMMANDS)[number];
const isCommand = (text: string | undefined): text is Command => COMMANDS.some((command) => command === text);

async function run(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [command, ...rest] = positionals;
  if (!isCommand(command) || rest.length > 0) return refuse(USAGE);
  const config = configOfArguments(values, command === 'synth' ? 'staging' : undefined);
  if (config === undefined) return refuse(USAGE);
  for (const warning of warningsOf(config)) console.error(`warning: ${warning}`);

  const endpointUrl = process.env.AWS_ENDPOINT_URL || undefined;
  const synth = (stateBucket: string | undefined) =>
    synthesize(config, {
      outputFolder: new URL(`synth/${config.project}-${config.environment}-${config.region}`, import.meta.url).pathname,
      imageTag: values['no-tasks'] ? undefined : (values['image-tag'] ?? packageVersion()),
      stateBucket,
      providerVersion: values['provider-version'],
      emulated: endpointUrl !== undefined,
    });
  switch (command) {
    case 'synth':
      console.log(synth(values['state-bucket']));
      return;
    case 'deploy':
    case 'destroy':
      return deploy(
        {
          console: createConsole(),
          async prepare() {
            const stateBucket = await findStateBucket(config, endpointUrl, values['state-bucket'], values.plan);
            return createTerraform({ folder: synth(stateBucket), environment: process.env });
          },
        },
        {
          config,
          destroy: command === 'destroy',
          planOnly: values.plan,
          confirmed: values.yes,
          pluginFolder: values['plugin-dir'],
        },
      );
  }
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

/** The bucket of the state, made when it is missing; undefined when it is missing and nothing may be changed. */
async function findStateBucket(
  config: Config,
  endpointUrl: string | undefined,
  name: string | undefined,
  planOnly: boolean,
): Promise<string | undefined> {
  const place = {
    region: config.region,
    endpointUrl,
    s3ForcePathStyle: endpointUrl !== undefined,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
  };
  const bucket = name ?? (await stateBucketName(createStsClient(place), config));
  const s3 = createS3Client(place);
  if (await stateBucketExists(s3, bucket)) return bucket;
  if (planOnly) {
    console.error(`there is no bucket ${bucket} yet, so no state: all is planned as new`);
    return undefined;
  }
  await createStateBucket(s3, { bucket, region: config.region, tls: !endpointUrl?.startsWith('http:') });
  return bucket;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return String(version);
}

function refuse(text: string): never {
  console.error(text);
  process.exit(EXIT_USAGE);
}

try {
  await run();
} catch (error) {
  if (error instanceof RefusedError || error instanceof ConfigError) refuse(error.message);
  console.error(error instanceof Error ? error.message : error);
  if (faultOf(error) === 'credentials') {
    console.error('AWS wants credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.');
  }
  process.exit(EXIT_FAILURE);
}
