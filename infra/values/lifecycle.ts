import type { StorageConfig } from '../config/config.ts';
import type { ObjectLayout } from './object-layout.ts';

/** A lifecycle rule of the bucket, in the provider's words. */
export interface LifecycleRule {
  readonly id: string;
  readonly status: 'Enabled';
  readonly filter: (
    | { readonly prefix: string }
    | { readonly and: { readonly prefix: string; readonly objectSizeGreaterThan: number }[] }
  )[];
  readonly transition?: Transition[];
  readonly expiration?: { readonly days?: number; readonly expiredObjectDeleteMarker?: boolean }[];
  readonly noncurrentVersionExpiration?: { readonly noncurrentDays: number }[];
  readonly abortIncompleteMultipartUpload?: { readonly daysAfterInitiation: number }[];
}

interface Transition {
  readonly days: number;
  readonly storageClass: 'STANDARD_IA' | 'GLACIER' | 'DEEP_ARCHIVE' | 'INTELLIGENT_TIERING';
}

/** What becomes of objects with age: each prefix has a rule of its own, and what is left of any has one for all. */
export function lifecycleRules(storage: StorageConfig, layout: ObjectLayout): LifecycleRule[] {
  const expire = (id: string, prefix: string, days: number): LifecycleRule => ({
    id,
    status: 'Enabled',
    filter: [{ prefix }],
    expiration: [{ days }],
    noncurrentVersionExpiration: [{ noncurrentDays: storage.noncurrentVersionDays }],
  });
  const transition = transitions(storage);
  // A rule of its own: its filter must not keep small objects from expiring.
  const move: LifecycleRule = {
    id: 'move-logs',
    status: 'Enabled',
    filter: [{ and: [{ prefix: layout.logsPrefix, objectSizeGreaterThan: storage.transitionAboveBytes }] }],
    transition,
  };
  return [
    expire('logs', layout.logsPrefix, storage.retentionDays),
    ...(transition.length > 0 ? [move] : []),
    expire('quarantine', layout.quarantinePrefix, storage.quarantineRetentionDays),
    expire('without-tenant', layout.withoutTenantPrefix, storage.quarantineRetentionDays),
    expire('firehose-errors', layout.firehoseErrorPrefix, storage.firehoseErrorRetentionDays),
    {
      id: 'leftovers',
      status: 'Enabled',
      filter: [{ prefix: '' }],
      expiration: [{ expiredObjectDeleteMarker: true }],
      abortIncompleteMultipartUpload: [{ daysAfterInitiation: storage.abortUploadDays }],
    },
  ];
}

function transitions(storage: StorageConfig): Transition[] {
  if (storage.intelligentTiering) return [{ days: 0, storageClass: 'INTELLIGENT_TIERING' }];
  const stages: readonly [number | null, Transition['storageClass']][] = [
    [storage.infrequentAccessDays, 'STANDARD_IA'],
    [storage.glacierDays, 'GLACIER'],
    [storage.deepArchiveDays, 'DEEP_ARCHIVE'],
  ];
  return stages.flatMap(([days, storageClass]) => (days === null ? [] : [{ days, storageClass }]));
}
