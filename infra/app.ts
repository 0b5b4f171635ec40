import { mkdirSync } from 'node:fs';
import { DataAwsCallerIdentity } from '@cdktn/provider-aws/lib/data-aws-caller-identity/index.js';
import { AwsProvider } from '@cdktn/provider-aws/lib/provider/index.js';
import { App, LocalBackend, S3Backend, TerraformStack } from 'cdktn';
import type { Config } from './config/config.ts';
import { composePipeline } from './pipeline.ts';
import { DEPLOYMENT_TAG, namesOf } from './values/names.ts';
import { partitionOfRegion } from './values/partition.ts';

/** Everything about a synthesis that is not a setting of the pipeline. */
export interface SynthOptions {
  readonly outputFolder: string;
  /** Tag or digest of the image to run; undefined: no tasks. */
  readonly imageTag: string | undefined;
  /** Bucket of the Terraform state; undefined: the state is a file beside the configuration. */
  readonly stateBucket: string | undefined;
  /** In place of the exact version of the AWS provider that the bindings were made from. */
  readonly providerVersion: string | undefined;
  /** AWS is somewhere else (an emulator): objects are addressed by path, as its host has no names for buckets. */
  readonly emulated: boolean;
}

/** The first with locking in S3 itself, without a table beside it. */
const TERRAFORM_VERSION_MIN = '1.10.0';
/** The one stack's name, which is its folder's too. */
const STACK = 'pipeline';

/** Writes the Terraform configuration. Returns the folder that Terraform runs in. */
export function synthesize(config: Config, options: SynthOptions): string {
  mkdirSync(options.outputFolder, { recursive: true });
  const app = new App({
    outdir: options.outputFolder,
    stackTraces: false,
    context: { targetVersions: { terraform: `>=${TERRAFORM_VERSION_MIN}` } },
  });
  const stack = new TerraformStack(app, STACK);
  createBackend(stack, config, options.stateBucket);
  stack.addOverride('terraform.required_version', `>= ${TERRAFORM_VERSION_MIN}`);
  if (options.providerVersion !== undefined) {
    stack.addOverride('terraform.required_providers.aws.version', options.providerVersion);
  }
  new AwsProvider(stack, 'aws', {
    region: config.region,
    ...(config.accountId === undefined ? {} : { allowedAccountIds: [config.accountId] }),
    defaultTags: [{ tags: tagsOf(config) }],
    ...(options.emulated ? { s3UsePathStyle: true } : {}),
  });
  const { accountId } = new DataAwsCallerIdentity(stack, 'caller');
  const place = { partition: partitionOfRegion(config.region), region: config.region, accountId };
  const names = namesOf(config, place);
  composePipeline(stack, { config, names, imageTag: options.imageTag });
  app.synth();
  return `${app.outdir}/stacks/${STACK}`;
}

/** On everything that can have tags. */
export function tagsOf(config: Config): Record<string, string> {
  return {
    // One tag, because neither a budget nor an anomaly monitor joins several with `and`.
    [DEPLOYMENT_TAG]: `${config.project}-${config.environment}-${config.region}`,
    Project: config.project,
    Environment: config.environment,
    ManagedBy: 'terraform',
    ...(config.costCenter === undefined ? {} : { CostCenter: config.costCenter }),
  };
}

function createBackend(stack: TerraformStack, config: Config, bucket: string | undefined): void {
  if (bucket === undefined) {
    new LocalBackend(stack, { path: 'terraform.tfstate' });
    return;
  }
  new S3Backend(stack, {
    bucket,
    key: `${config.project}/${config.environment}/terraform.tfstate`,
    region: config.region,
    encrypt: true,
    useLockfile: true,
  });
}
