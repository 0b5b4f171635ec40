import { AwsError } from '../http/aws-error.ts';
import { type HttpRequest, header } from '../http/message.ts';
import type { Operation, Permission, Place, Service } from '../service.ts';
import { bucketArn, objectArn, type S3Action } from './action.ts';
import * as buckets from './buckets.ts';
import * as listing from './listing.ts';
import * as multipart from './multipart.ts';
import type { Notifier } from './notify.ts';
import * as objects from './objects.ts';
import { checkExpectedOwner, setsAcl } from './ownership.ts';
import type { ObjectStore } from './store.ts';

export interface S3Deps {
  readonly store: ObjectStore;
  readonly notifier: Notifier;
  readonly newId: () => string;
}

/** Simple Storage Service: buckets of all accounts share their names, as on AWS. */
export function createS3(deps: S3Deps): Service {
  return {
    name: 's3',
    protocol: 's3',
    prepare(request, place): Operation {
      const target = locate(request);
      const action = route(request, target);
      const { bucketName, key, query } = target;
      const object = key !== '' && !action.onBucket;
      const resource = object ? objectArn(bucketName, key) : bucketArn(bucketName);
      return {
        action: action.name,
        resource,
        permissions: permissionsOf(deps.store, action, target, place, resource, object && setsAcl(request)),
        run(context) {
          checkExpectedOwner(request, deps.store.bucket(bucketName)?.owner);
          return action.run({ ...deps, request, place, context, bucketName, key, query });
        },
      };
    },
  };
}

interface Target {
  readonly bucketName: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

/** The bucket is the first segment of the path, or the first label of a host like `bucket.localhost:4566`. */
function locate(request: HttpRequest): Target {
  const [host = ''] = (header(request, 'host') ?? '').split(':');
  const virtual = /^(.+?)(?:\.s3(?:\.[a-z]+(?:-[a-z]+)+-\d)?)?\.localhost$/.exec(host)?.[1];
  const virtualBucket = virtual === 's3' ? undefined : virtual;
  const path = request.rawPath.slice(1);
  const slash = path.indexOf('/');
  const first = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? '' : path.slice(slash + 1);
  try {
    return {
      bucketName: decodeURIComponent(virtualBucket ?? first),
      key: decodeURIComponent(virtualBucket === undefined ? rest : path),
      query: new Map(new URLSearchParams(request.rawQuery)),
    };
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

function permissionsOf(
  store: ObjectStore,
  action: S3Action,
  target: Target,
  place: Place,
  resource: string,
  withAcl: boolean,
): Permission[] {
  if (action.permission === undefined) return [];
  const bucket = action.inOwnAccount ? undefined : store.bucket(target.bucketName);
  const versioned = target.query.has('versionId') && /^(Get|Delete)Object$/.test(action.permission);
  const permission = {
    action: `s3:${action.permission}${versioned ? 'Version' : ''}`,
    resource: target.bucketName === '' ? 'arn:aws:s3:::*' : resource,
    account: bucket?.owner ?? place.account,
    policy: bucket?.policy?.policy,
    keys: new Map(
      ['prefix', 'delimiter', 'max-keys'].flatMap((name) => {
        const value = target.query.get(name);
        return value === undefined ? [] : [[`s3:${name}`, [value]] as const];
      }),
    ),
  };
  return withAcl ? [permission, { ...permission, action: 's3:PutObjectAcl' }] : [permission];
}

/** Requests on a bucket by method and subresource; `''` is the request without one. */
const ON_BUCKET: Readonly<Record<string, Readonly<Record<string, S3Action>>>> = {
  GET: {
    location: buckets.getBucketLocation,
    versioning: buckets.getBucketVersioning,
    notification: buckets.getBucketNotification,
    policy: buckets.getBucketPolicy,
    versions: listing.listObjectVersions,
    uploads: multipart.listMultipartUploads,
    'list-type': listing.listObjectsV2,
    '': listing.listObjects,
  },
  PUT: {
    versioning: buckets.putBucketVersioning,
    notification: buckets.putBucketNotification,
    policy: buckets.putBucketPolicy,
    '': buckets.createBucket,
  },
  HEAD: { '': buckets.headBucket },
  DELETE: { policy: buckets.deleteBucketPolicy, '': buckets.deleteBucket },
  POST: { delete: objects.deleteObjects },
};
const ON_OBJECT: Readonly<Record<string, Readonly<Record<string, S3Action>>>> = {
  GET: { uploadId: multipart.listParts, '': objects.getObject },
  HEAD: { '': objects.headObject },
  PUT: { uploadId: multipart.uploadPart, '': objects.putObject },
  DELETE: { uploadId: multipart.abortMultipartUpload, '': objects.deleteObject },
  POST: { uploads: multipart.createMultipartUpload, uploadId: multipart.completeMultipartUpload },
};
/** Subresources of S3 that are not emulated: answering such a request as if it had none would be worse than refusing. */
const UNKNOWN = [
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'encryption',
  'inventory',
  'intelligent-tiering',
  'legal-hold',
  'lifecycle',
  'logging',
  'metrics',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'website',
];

function route(request: HttpRequest, { bucketName, key, query }: Target): S3Action {
  const { method } = request;
  if (bucketName === '') {
    if (method === 'GET') return buckets.listBuckets;
    throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
  }
  const actions = (key === '' ? ON_BUCKET : ON_OBJECT)[method] ?? {};
  const subresource = Object.keys(actions).find((name) => name !== '' && query.has(name));
  const unknown = subresource === undefined && UNKNOWN.some((name) => query.has(name));
  const copies = key !== '' && method === 'PUT' && header(request, 'x-amz-copy-source') !== undefined;
  const action = copies && subresource === undefined ? objects.copyObject : actions[subresource ?? ''];
  if (!action || unknown || (copies && subresource !== undefined)) {
    throw new AwsError('NotImplemented', 'This emulation does not implement what the request asks for', 501);
  }
  return action;
}
