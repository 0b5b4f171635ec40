import type { Call, S3Api } from '../../aws/api.ts';
import { saidBy } from '../../aws/words.ts';
import { BUCKET_ACL_ACTION, BUCKET_ACTIONS } from '../../core/permissions.ts';
import type { DeliveryTo } from '../kind.ts';
import { remedyOf } from '../remedy.ts';
import { type Statement, type Step, timed } from '../step.ts';
import { bucketPurpose, keeping, placeOf } from './sender.ts';
import type { S3Target } from './target.ts';

/** What the role may do in the tenant's bucket: one small object that says what it is, put as deliveries are. */

export interface BucketDeps {
  readonly s3: Call<S3Api>;
  readonly monotonicMs: () => number;
}

export const STEP = 'an object can be written';
/** Below the delivery's prefix; the next look writes over it. */
const CANARY_KEY = 'log-distributor-verify.txt';

export async function checkBucket(deps: BucketDeps, delivery: DeliveryTo<S3Target>): Promise<Step[]> {
  const { target } = delivery;
  const place = placeOf({ delivery, target }, `${target.keyPrefix}${CANARY_KEY}`);
  const step = await timed(STEP, deps.monotonicMs, async () => {
    const where = `s3://${place.Bucket}/${place.Key}`;
    try {
      const Body = `log-distributor verify: objects of tenant ${delivery.tenantId} reach ${where}\n`;
      await deps.s3('PutObject', { ...place, ...keeping(target), Body, ContentType: 'text/plain' });
      return { outcome: 'ok', detail: where };
    } catch (error) {
      const detail = `s3:PutObject on ${where} failed. ${saidBy(error)}`;
      const fix = {
        advice: `a policy of ${delivery.roleArn} must contain this statement`,
        statements: [bucketStatement(delivery.roleArn, target)],
      };
      return { outcome: 'failed', detail, ...remedyOf(error, bucketPurpose(delivery.region, target), fix) };
    }
  });
  return [step];
}

/** What the role must be allowed in the bucket. A test compares it with the template in `infra/customer/`. */
export function bucketStatement(
  roleArn: string,
  { bucket, keyPrefix, bucketOwnerFullControl }: Pick<S3Target, 'bucket' | 'keyPrefix' | 'bucketOwnerFullControl'>,
): Statement {
  const [, partition] = roleArn.split(':');
  return {
    Sid: 'WriteOwnBucket',
    Effect: 'Allow',
    Action: [...BUCKET_ACTIONS, ...(bucketOwnerFullControl ? [BUCKET_ACL_ACTION] : [])],
    Resource: [`arn:${partition}:s3:::${bucket}/${keyPrefix}*`],
  };
}

/** What the customer's template must be given for a bucket. */
export function templateParametersOf(target: S3Target): Readonly<Record<string, string>> {
  const { bucket, keyPrefix, kmsKeyArn, bucketOwnerFullControl } = target;
  return {
    BucketName: bucket,
    ...(keyPrefix === '' ? {} : { BucketPrefix: keyPrefix }),
    // IAM decides by the key, whatever alias it was called by (KMS developer guide, "Controlling access to aliases").
    ...(kmsKeyArn?.includes(':key/') ? { KmsKeyArn: kmsKeyArn } : {}),
    ...(bucketOwnerFullControl ? { BucketOwnerFullControl: 'true' } : {}),
  };
}
