import { createHash } from 'node:crypto';
import { ndjsonLine } from '../../../local/workload/ndjson.ts';
import { ORIGIN } from '../../chaos/tenants.ts';
import { keyOf } from '../../support/tenant.ts';
import { BUCKET } from '../cloud.ts';
import type { Arrival } from './workload.ts';

/**
 * What an object of any size is made of here: a few records, as what is decoded and put costs real time. How long the rest would take
 * is in times.ts, and its size is what the notification says.
 */
export const RECORDS_PER_OBJECT = 3;

export function keyOfArrival({ number, tenant }: Arrival): string {
  return keyOf(tenant.tenantId, `object-${number}.json`);
}

/** The number in a key, or in the end of one. */
export function numberOf(key: string): number | undefined {
  const match = /object-(\d+)\.json/.exec(key);
  return match ? Number(match[1]) : undefined;
}

export function bodyOf({ number, tenant }: Arrival, createdMs: number): Buffer {
  const lines = Array.from({ length: RECORDS_PER_OBJECT }, (_, at) =>
    ndjsonLine({
      timestamp: Math.floor(createdMs) - RECORDS_PER_OBJECT + at,
      message: `GET /orders/${number} 200 ~${number}.${at}`,
      customer_tenant: tenant.tenantId,
      cluster_id: ORIGIN.clusterId,
      environment: ORIGIN.environment,
      application: 'gateway',
      log_level: 'info',
      kubernetes: { namespace: tenant.tenantId, pod_name: 'gateway-1', container_name: 'gateway', node_name: 'node-1' },
      source_type: 'kubernetes_logs',
      file: `/var/log/pods/gateway-1/${at}.log`,
    }),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

/** @param storedBytes as S3 says */
export function announcementOf(key: string, body: Buffer, storedBytes: number, createdMs: number): string {
  const eTag = createHash('md5').update(body).digest('hex');
  const object = { key: encodeURIComponent(key), size: Math.round(storedBytes), eTag };
  const eventTime = new Date(createdMs).toISOString();
  return JSON.stringify({
    Records: [{ eventName: 'ObjectCreated:Put', eventTime, s3: { bucket: { name: BUCKET }, object } }],
  });
}
