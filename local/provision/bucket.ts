import { type BucketLocationConstraint, CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';

/** Creates a bucket of the account that the client acts for, unless it is there. */
export async function provisionBucket(s3: Pick<S3Client, 'send'>, bucket: string, region: string): Promise<void> {
  // The SDK's type lists the regions of its day.
  const constraint = region as BucketLocationConstraint;
  const location = region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: constraint } };
  try {
    await s3.send(new CreateBucketCommand({ Bucket: bucket, ...location }));
  } catch (error) {
    if (!(error instanceof Error && error.name === 'BucketAlreadyOwnedByYou')) throw error;
  }
}
