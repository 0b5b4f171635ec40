import type { Delivery } from './delivery.ts';
import { hash } from './hash.ts';
import type { ObjectRef } from './notification.ts';
import type { KeyTemplate } from './object-key.ts';

/**
 * Canaries: small objects of our own that travel the whole way to each tenant, so that somebody notices when the way is
 * broken and nobody writes logs (decisions/0050). An object is a canary by its key: keys are written by collectors, never by
 * those who write log lines.
 */

/** The application of a canary's record, and the value of every placeholder in its key but the tenant. */
export const CANARY = 'log-distributor-canary';
/** Exactly what `canaryKey` makes; any other key is an ordinary object. */
const KEY = new RegExp(`/${CANARY}/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d-\\d{3}Z\\.ndjson$`);

/**
 * When the tenant's canary of the current interval is due, epoch milliseconds: at a place of the tenant's own in the interval,
 * the same in every process.
 */
export function canaryDueMs(tenantId: string, intervalMs: number, nowMs: number): number {
  const offsetMs = hash(tenantId) % intervalMs;
  return Math.floor((nowMs - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

/**
 * The key of the canary that is due then.
 * @throws Error when the template, read backwards, gives another tenant: one that lets a value run into the next
 */
export function canaryKey(template: KeyTemplate, tenantId: string, dueMs: number): string {
  const place = template.build(tenantId, CANARY);
  const time = new Date(dueMs).toISOString().replace(/[:.]/g, '-');
  const key = `${place.endsWith('/') ? place : `${place}/`}${CANARY}/${time}.ndjson`;
  const { tenant_id: parsed } = template.parse(key);
  if (parsed !== tenantId) throw new Error(`the key ${key} would belong to tenant ${parsed}, not to ${tenantId}`);
  return key;
}

/**
 * Whether an object is a canary on its way. A replayed canary is an ordinary object: its announcement did not come from S3.
 */
export function isCanary({ key, replay }: Pick<ObjectRef, 'key' | 'replay'>): boolean {
  return replay === undefined && KEY.test(key);
}

/** A canary's one line. */
export function canaryBody(tenantId: string, nowMs: number): string {
  const timestamp = new Date(nowMs).toISOString();
  const record = {
    timestamp,
    message: `canary of the log distributor, written at ${timestamp}`,
    customer_tenant: tenantId,
    cluster_id: CANARY,
    environment: CANARY,
    application: CANARY,
    log_level: 'info',
    source_type: 'canary',
  };
  return `${JSON.stringify(record)}\n`;
}

/**
 * The delivery without what would keep a canary back: a filter says which logs are wanted, not whether the way is open, and the shape of
 * the tenant's objects is not the canary's.
 */
export function withoutFilters(delivery: Delivery): Delivery {
  return { ...delivery, applications: null, minLevel: null, inputFormat: undefined };
}
