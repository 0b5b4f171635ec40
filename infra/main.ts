import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { S3Client } from '@aws-sdk/client-s3';
import { faultOf } from '../service/aws/fault.ts';
import { synthesize } from './app.ts';
import { parameterFile, writeFiles } from './cloudformation/templates.ts';
import { type ConfigArguments, configOfArguments } from './config/arguments.ts';
import type { Config } from './config/config.ts';
import { knownEnvironments } from './config/file.ts';
import { ConfigError } from './config/problems.ts';
import { DEFAULT_PROJECT, DEFAULT_REGION } from './config/schema.ts';
import { warningsOf } from './config/warnings.ts';
import { type Clients, callerPlace, createClients } from './deploy/account.ts';
import { collisionsOf } from './deploy/collisions.ts';
import { deploy, type Prepared } from './deploy/deploy.ts';
import { digestOf } from './deploy/image.ts';
import { RefusedError } from './deploy/refused.ts';
import { runningVersion } from './deploy/running-image.ts';
import { createStateBucket, stateBucketExists, stateBucketName } from './deploy/state-bucket.ts';
import { createConsole, createTerraform } from './deploy/terraform.ts';
import { type Names, namesOf, type Place } from './values/names.ts';

const USAGE = `usage: npm run synth   -- [OPTION ...]
       npm run deploy  -- --environment NAME [OPTION ...]
       npm run destroy -- --environment NAME [OPTION ...]

Settings (docs/reference/infrastructure.md has all; infra/environments/ has an example for each environment):
  -e, --environment NAME   ${knownEnvironments().join(', ')}, or another with the defaults; synth takes staging
                           if not given
      --new-environment    NAME is meant to be another
      --config FILE        YAML with what differs from the environment's own file
  -p, --project NAME       begins every name, ${DEFAULT_PROJECT} if not given
  -r, --region REGION      ${DEFAULT_REGION} if not given
      --eks-oidc-issuer URL
                           Vector runs on the EKS cluster of this issuer

What to do:
      --image-tag TAG      the image to run, by its tag or digest (sha256:...) in the environment's repository; if not
                           given, the one that is running, or else the package's version
      --no-tasks           everything but the ECS service: for the first time, before there is an image
      --allow-removal      also take away what runs, keeps data or is trusted, as the plan shows
      --plan               show what would change, and change nothing
      --yes                do not ask

CloudFormation:
      --cloudformation     synth writes the templates in infra/cloudformation/; with settings, also their parameters

Terraform:
      --state-bucket NAME  bucket of Terraform's state; deploy and destroy make it when it is missing, --plan does without
      --provider-version V in place of the version of the AWS provider that the bindings were made from
      --plugin-dir FOLDER  take the provider from here and not from Terraform's registry`;

/** Exit statuses: 0 done, 1 failed, 2 usage error or refused. */
const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

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
  'allow-removal': { type: 'boolean', default: false },
  cloudformation: { type: 'boolean', default: false },
  'state-bucket': { type: 'string' },
  'provider-version': { type: 'string' },
  'plugin-dir': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const COMMANDS = ['synth', 'deploy', 'destroy'] as const;
type Command = (typeof COMMANDS)[number];
const isCommand = (text: string | undefined): text is Command => COMMANDS.some((command) => command === text);

type Values = ReturnType<typeof readArguments>['values'];

async function run(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [command, ...rest] = positionals;
  if (!isCommand(command) || rest.length > 0) return refuse(USAGE);
  if (values.cloudformation) {
    if (command !== 'synth') return refuse('--cloudformation is for synth: infra/cloudformation/deploy.sh deploys');
    return writeCloudFormation(values);
  }
  const config = configOfArguments(values, command === 'synth' ? 'staging' : undefined);
  if (config === undefined) return refuse(USAGE);
  for (const warning of warningsOf(config)) console.error(`warning: ${warning}`);
  if (command === 'synth') {
    console.log(
      synth(config, values, { imageTag: values['image-tag'] ?? packageVersion(), stateBucket: values['state-bucket'] }),
    );
    return;
  }
  const destroy = command === 'destroy';
  await deploy(
    { console: createConsole(), prepare: () => prepare(config, values, destroy) },
    {
      config,
      destroy,
      planOnly: values.plan,
      confirmed: values.yes,
      removalAllowed: values['allow-removal'],
      pluginFolder: values['plugin-dir'],
    },
  );
}

const endpointUrl = () => process.env.AWS_ENDPOINT_URL || undefined;

function synth(
  config: Config,
  values: Values,
  { imageTag, stateBucket }: { readonly imageTag: string; readonly stateBucket: string | undefined },
): string {
  return synthesize(config, {
    outputFolder: synthFolder(config),
    imageTag: values['no-tasks'] ? undefined : imageTag,
    stateBucket,
    providerVersion: values['provider-version'],
    emulated: endpointUrl() !== undefined,
  });
}

/** Asks AWS what there is, and writes the configuration. */
async function prepare(config: Config, values: Values, destroy: boolean): Promise<Prepared> {
  const clients = createClients(config.region, endpointUrl());
  const place = await callerPlace(clients.sts, config);
  const names = namesOf(config, place);
  const withTasks = !destroy && !values['no-tasks'];
  const imageTag = withTasks ? await chooseImage(clients, names, values) : packageVersion();
  const stateBucket = await findStateBucket(clients.s3, values['state-bucket'] ?? stateBucketName(config, place), {
    place,
    planOnly: values.plan,
  });
  const folder = synth(config, values, { imageTag, stateBucket });
  return {
    terraform: createTerraform({ folder, environment: process.env }),
    names,
    findCollisions: (changes) => collisionsOf(changes, clients, place),
  };
}

/** Prints what changed, and where the parameters of the settings are. */
function writeCloudFormation(values: ConfigArguments): void {
  for (const path of writeFiles()) console.log(`infra/cloudformation/${path}`);
  const config = configOfArguments(values);
  if (config === undefined) return;
  for (const warning of warningsOf(config)) console.error(`warning: ${warning}`);
  const folder = synthFolder(config);
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/parameters.json`;
  writeFileSync(file, parameterFile(config));
  console.log(file);
}

function synthFolder(config: Config): string {
  return new URL(`synth/${config.project}-${config.environment}-${config.region}`, import.meta.url).pathname;
}

function readArguments() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

/** The digest of the image that is asked for, or that is running, or of the package's version. */
async function chooseImage(clients: Clients, names: Names, values: Values): Promise<string> {
  const chosen = values['image-tag'];
  const running = chosen === undefined ? await runningVersion(clients.ecs, names) : undefined;
  if (running !== undefined) console.error(`the image stays ${running}, which is running`);
  const version = chosen ?? running ?? packageVersion();
  try {
    return await digestOf(clients.ecr, names, version);
  } catch (error) {
    if (!(error instanceof RefusedError) || !values.plan) throw error;
    console.error(`This would be refused: ${error.message}`);
    return version;
  }
}

/** The bucket of the state, made when it is missing; undefined when it is missing and nothing may be changed. */
async function findStateBucket(
  s3: S3Client,
  bucket: string,
  { place, planOnly }: { readonly place: Place; readonly planOnly: boolean },
): Promise<string | undefined> {
  if (await stateBucketExists(s3, bucket)) return bucket;
  if (planOnly) {
    console.error(`there is no bucket ${bucket} yet, so no state: all is planned as new`);
    return undefined;
  }
  await createStateBucket(s3, { bucket, place, tls: !endpointUrl()?.startsWith('http:') });
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
