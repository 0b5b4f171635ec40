import type { Policy } from '../policy/document.ts';
import type { Notifications } from './notification-config.ts';

/**
 * Buckets and their objects, in memory. Every object is a list of versions; in a bucket without versioning the list has
 * one, of the id `null`. Bodies stay the buffers that they came in: a multipart object is never put together.
 */
export interface Bucket {
  readonly name: string;
  /** Account. */
  readonly owner: string;
  readonly region: string;
  readonly createdMs: number;
  versioning: 'Enabled' | 'Suspended' | undefined;
  policy: { readonly text: string; readonly policy: Policy } | undefined;
  notifications: Notifications;
  readonly uploads: Map<string, Upload>;
  /** Newest version last. */
  readonly objects: Map<string, Version[]>;
  /** Keys in S3's order; undefined until somebody lists after a change. */
  sortedKeys: readonly string[] | undefined;
}

export interface Version {
  readonly key: string;
  /** `null` where it was written without versioning. */
  readonly versionId: string;
  /** A delete marker has no content. */
  readonly marker: boolean;
  readonly pieces: readonly Buffer[];
  readonly size: number;
  /** With its quotes. */
  readonly eTag: string;
  readonly lastModifiedMs: number;
  /** Headers that come back with the object: content type, encoding, `x-amz-meta-*`, ... */
  readonly headers: Readonly<Record<string, string>>;
  /** `x-amz-checksum-*` headers of the whole object. */
  readonly checksums: Readonly<Record<string, string>>;
}

export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly startedMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Part>;
}

export interface Part {
  readonly number: number;
  readonly body: Buffer;
  readonly eTag: string;
  readonly md5: Buffer;
  readonly lastModifiedMs: number;
}

export interface ObjectStore {
  bucket(name: string): Bucket | undefined;
  /** In the order of their names. */
  buckets(owner: string): Bucket[];
  addBucket(bucket: Pick<Bucket, 'name' | 'owner' | 'region' | 'createdMs'>): Bucket;
  removeBucket(bucket: Bucket): void;
  /** Makes this the key's newest version; what it replaces depends on the bucket's versioning. */
  put(bucket: Bucket, version: Omit<Version, 'versionId'>): Version;
  /** @returns whether there was such a version */
  removeVersion(bucket: Bucket, version: Version): void;
}

export interface ObjectStoreOptions {
  readonly newVersionId: () => string;
  /** When objects take more bytes, those written first are let go. Default: no limit. */
  readonly bytesMax?: number | undefined;
}

export const NULL_VERSION = 'null';

export function createObjectStore({
  newVersionId,
  bytesMax = Number.POSITIVE_INFINITY,
}: ObjectStoreOptions): ObjectStore {
  const buckets = new Map<string, Bucket>();
  /** In the order of writing. */
  const written = new Map<Version, Bucket>();
  let bytes = 0;

  const forget = (version: Version) => {
    if (written.delete(version)) bytes -= version.size;
  };
  const removeVersion = (bucket: Bucket, version: Version) => {
    const versions = bucket.objects.get(version.key) ?? [];
    const rest = versions.filter((other) => other !== version);
    if (rest.length > 0) bucket.objects.set(version.key, rest);
    else if (bucket.objects.delete(version.key)) bucket.sortedKeys = undefined;
    forget(version);
  };

  return {
    bucket: (name) => buckets.get(name),
    buckets: (owner) =>
      [...buckets.values()].filter((bucket) => bucket.owner === owner).sort((a, b) => (a.name < b.name ? -1 : 1)),
    addBucket(made) {
      const state = { versioning: undefined, policy: undefined, notifications: [], sortedKeys: undefined };
      const bucket: Bucket = { ...made, ...state, uploads: new Map(), objects: new Map() };
      buckets.set(bucket.name, bucket);
      return bucket;
    },
    removeBucket(bucket) {
      buckets.delete(bucket.name);
    },
    put(bucket, made) {
      const version: Version = { ...made, versionId: bucket.versioning === 'Enabled' ? newVersionId() : NULL_VERSION };
      const versions = bucket.objects.get(version.key);
      if (!versions) bucket.sortedKeys = undefined;
      // A version `null` is overwritten by the next one without versioning; all others stay.
      const replaced = (old: Version) => version.versionId === NULL_VERSION && old.versionId === NULL_VERSION;
      const kept = (versions ?? []).filter((old) => !replaced(old));
      for (const old of versions ?? []) if (replaced(old)) forget(old);
      bucket.objects.set(version.key, [...kept, version]);
      written.set(version, bucket);
      bytes += version.size;
      for (const [oldest, home] of written) {
        if (bytes <= bytesMax || oldest === version) break;
        removeVersion(home, oldest);
      }
      return version;
    },
    removeVersion,
  };
}

export function newest(bucket: Bucket, key: string): Version | undefined {
  return bucket.objects.get(key)?.at(-1);
}

/** Keys in the order of their UTF-8 bytes, which is S3's. */
export function sortedKeys(bucket: Bucket): readonly string[] {
  bucket.sortedKeys ??= [...bucket.objects.keys()].sort(compareUtf8);
  return bucket.sortedKeys;
}

/** UTF-16 order, except that surrogates sort behind the rest of the basic plane, as their code points do. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
