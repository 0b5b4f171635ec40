import type { S3Api } from '../../../service/aws/api.ts';
import { awsError } from './answers.ts';
import type { Objects } from './objects.ts';
import type { Roles } from './roles.ts';

/** Buckets of tenants, as a session of a tenant's role sees them: it writes below its prefix, and only where the owner is as it expects. */
export interface TenantBuckets {
  PutObject(accessKeyId: string, input: PutInput): { readonly ETag: string };
}

/** @throws Error for a body of another kind: a model that guesses would flatter */
export type PutInput = Parameters<S3Api['PutObject']>[0];

export function createTenantBuckets(
  { session }: Pick<Roles, 'session'>,
  objects: Pick<Objects, 'put' | 'ownerOf'>,
): TenantBuckets {
  return {
    PutObject(accessKeyId, { Bucket = '', Key = '', Body, ExpectedBucketOwner: expected, IfNoneMatch }) {
      const body = typeof Body === 'string' || Body instanceof Uint8Array ? Buffer.from(Body) : undefined;
      if (!body) throw new Error('the model takes bytes and text only');
      const { buckets } = session(accessKeyId, 's3');
      if (!buckets.some(({ name, prefix }) => name === Bucket && Key.startsWith(prefix))) throw accessDenied();
      const owner = objects.ownerOf(Bucket);
      if (owner !== undefined && expected !== undefined && owner !== expected) throw accessDenied();
      return objects.put({ bucket: Bucket, key: Key, body, ifNoneMatch: IfNoneMatch });
    },
  };
}

function accessDenied(): Error {
  return awsError('AccessDenied', 403, 'Access Denied');
}
