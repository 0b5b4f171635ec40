import { type ReceiptPlace, tenantFolder } from '../core/receipt-place.ts';
import type { Purpose } from './purpose.ts';

/** Calls that write receipts into a tenant's bucket. */
export function writeReceipts(
  region: string,
  { bucket, prefix }: Extract<ReceiptPlace, { kind: 'bucket' }>,
  tenantId: string,
): Purpose {
  return {
    kind: 'write-destination',
    thing: 'the bucket of the receipts',
    needs: `The tenant's role needs s3:PutObject below ${bucket}/${tenantFolder(prefix, tenantId)}, and the use of the bucket's key. The bucket must belong to the account of the role and be in ${region}.`,
    advise: () => undefined,
  };
}
