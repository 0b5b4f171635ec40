import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { faultOf } from '../service/aws/fault.ts';
import type { Config } from './config.ts';
import { partitionOfRegion } from './partition.ts';
import { denyPlainText, policy } from './policies/document.ts';

/** One bucket for all environments of an account and region; the environment is in the state's key. */
export async function stateBucketName(sts: Pick<STSClient, 'send'>, config: Config): Promise<string> {
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
  if (Account === undefined) throw new Error('STS does not say which account the credentials belong to');
  if (config.accountId !== undefined && config.accountId !== Account) {
    throw new Error(
      `these are credentials of account ${Account} (${Arn}), ${config.environment} is in ${config.accountId}`,
    );
  }
  return `${config.project}-tfstate-${Account}-${config.region}`;
}

/** @throws whatever S3 says, but for a bucket that is not there */
export async function stateBucketExists(s3: Pick<S3Client, 'send'>, bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (faultOf(error) !== 'missing') throw error;
    return false;
  }
}

/**
 * Makes the bucket of Terraform's state: versioned, as a state that was overwritten is the only way back; private; TLS
 * only. S3 encrypts it by default. Terraform cannot make it, as it needs it first.
 */
export async function createStateBucket(
  s3: Pick<S3Client, 'send'>,
  { bucket, region, tls }: { readonly bucket: string; readonly region: string; readonly tls: boolean },
): Promise<void> {
  await s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      // The one region that must not be named (S3 API reference, CreateBucket).
      ...(region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
    }),
  );
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  );
  // An emulator without TLS would lock us out.
  if (!tls) return;
  const arn = `arn:${partitionOfRegion(region)}:s3:::${bucket}`;
  const resources = [arn, `${arn}/*`];
  await s3.send(
    new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy(denyPlainText(['s3:*'], resources))) }),
  );
}
