import type { Delivery } from '../../service/core/delivery.ts';
import { CLOUDWATCH } from '../../service/destination/cloudwatch/kind.ts';
import type { CloudWatchTarget } from '../../service/destination/cloudwatch/target.ts';
import { parseDelivery } from '../../service/destination/parse-delivery.ts';

/** The item of a tenant that sets only what it must. */
export const ITEM = {
  tenant_id: 'acme',
  type: 'cloudwatch',
  log_distribution_role_arn: 'arn:aws:iam::111122223333:role/logs',
  log_group_name: '/tenant-logs/acme',
} as const;

/** Where a delivery goes that must go to CloudWatch Logs. */
export function cloudWatchOf({ target }: Delivery): CloudWatchTarget {
  if (!CLOUDWATCH.is(target)) throw new Error(`the delivery goes to ${target.kind}`);
  return target;
}

/** The delivery that `ITEM`, with other attributes where given, describes. */
export function buildDelivery(attributes: Readonly<Record<string, unknown>> = {}): Delivery {
  return parseDelivery({ ...ITEM, ...attributes }, { region: 'us-east-1', applicationGroups: {} });
}
