import type { Delivery } from '../../core/delivery.ts';
import type { KeyTemplate } from '../../core/object-key.ts';
import { hasRegion, partitionOf } from '../../core/partition.ts';
import { CLOUDWATCH } from '../../destination/cloudwatch/kind.ts';
import { READABLE_CLASS } from '../../destination/cloudwatch/target.ts';
import { S3 } from '../../destination/s3/kind.ts';

/** What is valid in an item of the tenant table, and hardly meant. Pure. */

/** @param others the tenant's other deliveries, as they are once the change is made */
export function warningsOf(delivery: Delivery, others: readonly Delivery[], template: KeyTemplate): string[] {
  return [
    ...idWarnings(delivery.tenantId, template),
    ...regionWarnings(delivery),
    ...twiceWarnings(delivery, others),
    ...rejectedWarnings(delivery, others),
    ...receiptWarnings(delivery),
  ];
}

/** A part of a key that no template holds by itself, to find the place of the tenant's id. */
const PLACE = 'TENANT';

function idWarnings(tenantId: string, template: KeyTemplate): string[] {
  const names = (key: string): boolean => {
    try {
      return template.parse(key).tenant_id === tenantId;
    } catch {
      return false;
    }
  };
  // S3 takes no half of a character in a key.
  if (tenantId.isWellFormed()) {
    if (names(template.build(PLACE, 'x').replaceAll(PLACE, () => tenantId))) return [];
    const encoded = template.build(tenantId, 'x');
    if (names(encoded)) {
      return [`tenant_id: it must be percent-encoded in object keys, which then begin like ${encoded}`];
    }
  }
  return ['tenant_id: no object key can name this tenant: OBJECT_KEY_TEMPLATE finds another id, or none, in every key'];
}

function regionWarnings({ roleArn, region }: Delivery): string[] {
  const partition = partitionOf(roleArn);
  if (hasRegion(partition, region)) return [];
  return [`target_region: the partition of the role, ${partition}, has no region ${region}`];
}

function twiceWarnings(delivery: Delivery, others: readonly Delivery[]): string[] {
  if (!delivery.enabled) return [];
  return others
    .filter((other) => other.enabled && other.type !== delivery.type && overlap(delivery, other))
    .flatMap((other) => {
      if (placeOf(delivery) !== placeOf(other)) return [];
      return S3.is(delivery.target)
        ? [`${other.type} writes to the same place in the same bucket: the two overwrite each other`]
        : [`${other.type} writes to the same place in ${delivery.target.service.name}: each event is delivered twice`];
    });
}

/** @param others the tenant's other deliveries that the service can read */
export function rejectedWarnings({ target, tenantId }: Delivery, others: readonly Delivery[]): string[] {
  const type = target.rejectedEvents;
  if (type === undefined || others.some((other) => other.type === type)) return [];
  return [
    `rejected_events: tenant ${tenantId} has no valid delivery ${type}: until it has, rejected events go to quarantine`,
  ];
}

function receiptWarnings({ target }: Delivery): string[] {
  if (!CLOUDWATCH.is(target) || target.receipts === undefined) return [];
  const { logGroupClass = READABLE_CLASS } = target.groupSettings;
  if (logGroupClass === READABLE_CLASS) return [];
  return [
    `receipts: nobody can compare them with what was delivered: no call reads the events of ${logGroupClass} back`,
  ];
}

/** Whether two deliveries may want the same records. */
function overlap({ applications: a }: Delivery, { applications: b }: Delivery): boolean {
  return a === null || b === null || !a.isDisjointFrom(b);
}

function placeOf({ target, accountId, region, tenantId }: Delivery): string {
  const name = (source: string) => source.replaceAll('{tenant_id}', () => tenantId);
  const names = [name(target.group.source), name(target.stream.source)];
  return JSON.stringify(S3.is(target) ? [target.kind, ...names] : [target.kind, accountId, region, ...names]);
}
