import { AwsError } from '../http/aws-error.ts';
import { answer } from '../http/message.ts';
import { childText, element } from '../http/xml.ts';
import { parsePolicy } from '../policy/document.ts';
import { PolicyError } from '../policy/policy-error.ts';
import { bucketArn, bucketOf, type S3Action } from './action.ts';
import { configurationXml, parseConfiguration } from './notification-config.ts';
import { malformedXml, xmlBody } from './objects.ts';
import type { Bucket } from './store.ts';

const XML = { 'content-type': 'application/xml' };

export const listBuckets: S3Action = {
  name: 'ListBuckets',
  permission: 'ListAllMyBuckets',
  onBucket: true,
  run({ store, place }) {
    const buckets = store.buckets(place.account).map(({ name, createdMs }) => {
      return `<Bucket>${element('Name', name)}${element('CreationDate', new Date(createdMs).toISOString())}</Bucket>`;
    });
    const owner = `<Owner>${element('ID', place.account)}</Owner>`;
    const body = `<ListAllMyBucketsResult>${owner}<Buckets>${buckets.join('')}</Buckets></ListAllMyBucketsResult>`;
    return answer(200, XML, body);
  },
};

export const createBucket: S3Action = {
  name: 'CreateBucket',
  permission: 'CreateBucket',
  onBucket: true,
  inOwnAccount: true,
  run(call) {
    const { bucketName: name, store, place, context } = call;
    checkName(name);
    const constraint =
      call.request.body.length === 0 ? undefined : childText(xmlBody(call.request), 'LocationConstraint');
    const region = constraint ?? 'us-east-1';
    if (region !== place.region) {
      throw new AwsError(
        'IllegalLocationConstraintException',
        `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      );
    }
    const existing = store.bucket(name);
    if (existing && existing.owner !== place.account) {
      throw new AwsError('BucketAlreadyExists', 'The requested bucket name is not available.', 409);
    }
    // In us-east-1 alone, the owner may create a bucket again (API reference, CreateBucket, BucketAlreadyOwnedByYou).
    if (existing && region !== 'us-east-1') {
      throw new AwsError(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
      );
    }
    if (!existing) store.addBucket({ name, owner: place.account, region, createdMs: context.nowMs });
    return answer(200, { location: `/${name}` });
  },
};

/** S3 user guide, "Bucket naming rules". */
function checkName(name: string): void {
  const fits =
    /^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!fits) throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', 400, { BucketName: name });
}

export const headBucket: S3Action = {
  name: 'HeadBucket',
  permission: 'ListBucket',
  onBucket: true,
  run: (call) => answer(200, { 'x-amz-bucket-region': bucketOf(call).region, ...XML }),
};

export const deleteBucket: S3Action = {
  name: 'DeleteBucket',
  permission: 'DeleteBucket',
  onBucket: true,
  run(call) {
    const bucket = bucketOf(call);
    if (bucket.objects.size > 0)
      throw new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
    call.store.removeBucket(bucket);
    return answer(204);
  },
};

export const getBucketLocation: S3Action = {
  name: 'GetBucketLocation',
  permission: 'GetBucketLocation',
  onBucket: true,
  run(call) {
    const { region } = bucketOf(call);
    // us-east-1 is the empty constraint.
    return answer(200, XML, region === 'us-east-1' ? '<LocationConstraint/>' : element('LocationConstraint', region));
  },
};

export const getBucketVersioning: S3Action = {
  name: 'GetBucketVersioning',
  permission: 'GetBucketVersioning',
  onBucket: true,
  run: (call) =>
    answer(
      200,
      XML,
      `<VersioningConfiguration>${element('Status', bucketOf(call).versioning)}</VersioningConfiguration>`,
    ),
};

export const putBucketVersioning: S3Action = {
  name: 'PutBucketVersioning',
  permission: 'PutBucketVersioning',
  onBucket: true,
  run(call) {
    const status = childText(xmlBody(call.request), 'Status');
    if (status !== 'Enabled' && status !== 'Suspended') throw malformedXml();
    bucketOf(call).versioning = status;
    return answer(200);
  },
};

export const getBucketPolicy: S3Action = {
  name: 'GetBucketPolicy',
  permission: 'GetBucketPolicy',
  onBucket: true,
  run(call) {
    const { policy } = bucketOf(call);
    if (!policy) throw new AwsError('NoSuchBucketPolicy', 'The bucket policy does not exist', 404);
    return answer(200, { 'content-type': 'application/json' }, policy.text);
  },
};

export const putBucketPolicy: S3Action = {
  name: 'PutBucketPolicy',
  permission: 'PutBucketPolicy',
  onBucket: true,
  run(call) {
    const bucket = bucketOf(call);
    const text = call.request.body.toString();
    bucket.policy = { text, policy: readPolicy(text, bucket) };
    return answer(204);
  },
};

function readPolicy(text: string, bucket: Bucket) {
  try {
    return parsePolicy(text, 'resource');
  } catch (error) {
    if (error instanceof PolicyError) {
      throw new AwsError('MalformedPolicy', error.message, 400, { Resource: bucketArn(bucket.name) });
    }
    throw error;
  }
}

export const deleteBucketPolicy: S3Action = {
  name: 'DeleteBucketPolicy',
  permission: 'DeleteBucketPolicy',
  onBucket: true,
  run(call) {
    bucketOf(call).policy = undefined;
    return answer(204);
  },
};

export const getBucketNotification: S3Action = {
  name: 'GetBucketNotificationConfiguration',
  permission: 'GetBucketNotification',
  onBucket: true,
  run: (call) => answer(200, XML, configurationXml(bucketOf(call).notifications)),
};

export const putBucketNotification: S3Action = {
  name: 'PutBucketNotificationConfiguration',
  permission: 'PutBucketNotification',
  onBucket: true,
  async run(call) {
    const bucket = bucketOf(call);
    const notifications = parseConfiguration(xmlBody(call.request), call.newId);
    if (call.request.headers['x-amz-skip-destination-validation'] !== 'true') {
      await call.notifier.test(bucket, notifications, call.context);
    }
    bucket.notifications = notifications;
    return answer(200);
  },
};
