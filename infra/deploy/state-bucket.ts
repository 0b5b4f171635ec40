import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { faultOf } from '../../service/aws/fault.ts';
import type { Config } from '../config/config.ts';
import { denyPlainText, policy } from '../policies/document.ts';
import type { Place } from '../values/names.ts';

/** One bucket for all environments of an account and region; the environment is in the state's key. */
export function stateBucketName(config: Config, { accountId, region }: Place): string {
  return `${config.project}-tfstate-${accountId}-${region}`;
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
  { bucket, place, tls }: { readonly bucket: string; readonly place: Place; readonly tls: boolean },
): Promise<void> {
  await s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      // The one region that must not be named (S3 API reference, CreateBucket).
      ...(place.region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: place.region as BucketLocationConstraint } }),
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
  const resources = [`arn:${place.partition}:s3:::${bucket}`, `arn:${place.partition}:s3:::${bucket}/*`];
  await s3.send(
    new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy(denyPlainText(['s3:*'], resources))) }),
  );
}
