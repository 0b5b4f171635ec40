import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { saidBy } from '../../aws/words.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { S3Target } from '../../core/destination/s3.ts';
import { bucketPurpose, keeping, placeOf } from '../../delivery/s3.ts';
import { bucketStatement } from './policies.ts';
import { remedyOf } from './remedy.ts';
import { notTested, type Step, timed } from './step.ts';

/** What the role may do in the tenant's bucket: one small object that says what it is, put as deliveries are. */

export interface BucketDeps {
  readonly s3: Pick<S3Client, 'send'>;
  readonly monotonicMs: () => number;
}

const STEP = 'an object can be written';
/** Below the delivery's prefix; the next look writes over it. */
const CANARY_KEY = 'log-distributor-verify.txt';

export async function checkBucket(deps: BucketDeps, delivery: Delivery, target: S3Target): Promise<Step[]> {
  const place = placeOf({ delivery, target }, `${target.keyPrefix}${CANARY_KEY}`);
  const step = await timed(STEP, deps.monotonicMs, async () => {
    const where = `s3://${place.Bucket}/${place.Key}`;
    try {
      const Body = `log-distributor verify: objects of tenant ${delivery.tenantId} reach ${where}\n`;
      await deps.s3.send(new PutObjectCommand({ ...place, ...keeping(target), Body, ContentType: 'text/plain' }));
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

export function untestedBucket(why: string): Step[] {
  return [notTested(STEP, why)];
}
