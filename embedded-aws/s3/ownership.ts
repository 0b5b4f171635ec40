import { AwsError, DeniedError } from '../http/aws-error.ts';
import { type HttpRequest, header } from '../http/message.ts';

/** Who owns what is written: what a request expects of the bucket, and what it wants for the object. */

/**
 * `x-amz-expected-bucket-owner`: a request that reached somebody else's bucket is refused, whoever may write there (S3 user
 * guide, "Verifying bucket ownership").
 * @throws DeniedError
 */
export function checkExpectedOwner(request: HttpRequest, owner: string | undefined): void {
  const expected = header(request, 'x-amz-expected-bucket-owner');
  if (expected !== undefined && owner !== undefined && expected !== owner) throw new DeniedError('Access Denied');
}

/**
 * Whether a write sets an ACL, which is a permission of its own. Buckets are made as they have been since April 2023, with
 * ACLs switched off: the one ACL that they take hands the object to the bucket's owner, whose it is anyway (S3 user guide,
 * "Controlling ownership of objects").
 * @throws AwsError AccessControlListNotSupported
 */
export function setsAcl(request: HttpRequest): boolean {
  const acl = header(request, 'x-amz-acl');
  if (acl === undefined) return false;
  if (acl !== 'bucket-owner-full-control') {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  return true;
}
